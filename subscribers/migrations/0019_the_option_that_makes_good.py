"""A suspension that an option makes good names it, and no other does. Added unchecked, then checked: nobody waits."""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('subscribers', '0018_suspensions_made_good_by_an_option'),
    ]

    operations = [
        AddConstraintNotValid(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('suspension_gift__isnull', False), ('suspension_makes_good', 'option')), models.Q(models.Q(('suspension_makes_good', 'option'), _negated=True), ('suspension_gift__isnull', True)), _connector='OR'), name='an_option_that_makes_good_is_named'),
        ),
        ValidateConstraint(
            model_name='subscription',
            name='an_option_that_makes_good_is_named',
        ),
    ]
