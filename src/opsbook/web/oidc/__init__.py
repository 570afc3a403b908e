"""Signing in at a provider of identities. Source: OpenID Connect Core 1.0, Discovery 1.0."""
