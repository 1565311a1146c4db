"""A coupon takes something off, and a repeating one says how often: an empty value is no answer (a CHECK lets pass what is
unknown). Each rule is added unchecked and then checked, so that nobody waits for it."""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('merchants', '0017_gestures'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='coupon',
            name='a_coupon_is_a_percentage_or_an_amount',
        ),
        migrations.RemoveConstraint(
            model_name='coupon',
            name='a_repeating_coupon_says_how_often',
        ),
        AddConstraintNotValid(
            model_name='coupon',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amount_off__gt', 0), ('amount_off__isnull', False), ('percent_off__isnull', True)), models.Q(('amount_off__isnull', True), ('percent_off__gt', 0), ('percent_off__isnull', False), ('percent_off__lte', 100)), _connector='OR'), name='a_coupon_is_a_percentage_or_an_amount'),
        ),
        ValidateConstraint(
            model_name='coupon',
            name='a_coupon_is_a_percentage_or_an_amount',
        ),
        AddConstraintNotValid(
            model_name='coupon',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('duration', 'repeating'), _negated=True), models.Q(('periods__gte', 1), ('periods__isnull', False)), _connector='OR'), name='a_repeating_coupon_says_how_often'),
        ),
        ValidateConstraint(
            model_name='coupon',
            name='a_repeating_coupon_says_how_often',
        ),
    ]
