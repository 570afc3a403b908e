"""The certificate that the server shows."""

import ssl

from opsbook.core.errors import BadInputError
from opsbook.web.settings import TlsSettings


def tls_context(settings: TlsSettings) -> ssl.SSLContext:
    """TLS 1.2 and later. Raises BadInputError where the files cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    show_certificate(context, settings)
    return context


def show_certificate(context: ssl.SSLContext, settings: TlsSettings) -> None:
    """From now on, to whoever connects. Raises BadInputError, and then the one before is shown:
    they are tried elsewhere first, for a key that does not fit would leave none at all."""
    for each in (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), context):
        _load(each, settings)


def _load(context: ssl.SSLContext, settings: TlsSettings) -> None:
    try:
        # Without a word, OpenSSL would ask the terminal for that of an encrypted key.
        context.load_cert_chain(settings.certificate, settings.key, password="")
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "reason", None) or error.strerror or error
        raise BadInputError(
            f"web.tls: {settings.certificate} with {settings.key} cannot be used: {reason}; both "
            "have to be PEM files that belong together, the key without a password"
        ) from None
