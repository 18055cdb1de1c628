"""${message}."""
<%doc>There is no way back by design: a revision is additive, and a backup is the way to an older version.</%doc>
import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """Additive, one transaction, the same on both engines."""
    ${upgrades if upgrades else "pass"}
