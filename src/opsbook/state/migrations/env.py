"""How alembic reaches the database: through the connection that the product gives it."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
