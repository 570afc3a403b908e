"""Who a route asks for, beside the operators of `access`."""

from typing import Annotated

from fastapi import Depends

from opsbook.state.people import Person, Role
from opsbook.web.access import may

Viewer = Annotated[Person, Depends(may(Role.VIEWER))]
"""For what tells more than how the platform stands."""
Approver = Annotated[Person, Depends(may(Role.APPROVER))]
"""The one who consents to what another asks for."""
