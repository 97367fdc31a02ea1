"""The local SES."""
