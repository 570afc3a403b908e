"""What ways of telling people share: texts made of templates, HTTP, SMTP, limits of length."""
