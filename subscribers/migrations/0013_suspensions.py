"""A suspension that was wished, planned or begun. Each rule is added unchecked and then checked, so that nobody waits."""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('merchants', '0012_replies_keep_their_location'),
        ('subscribers', '0012_history_tells_the_truth'),
    ]

    operations = [
        migrations.AddField(
            model_name='subscription',
            name='suspended_from',
            field=models.DateField(help_text='First day of a wished suspension, planned or begun', null=True),
        ),
        migrations.AddField(
            model_name='subscription',
            name='suspended_until',
            field=models.DateField(help_text='First day with service again, where it is known', null=True),
        ),
        migrations.AddField(
            model_name='subscription',
            name='suspension_begun',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='subscription',
            name='suspension_makes_good',
            field=models.CharField(blank=True, db_default='', default='', help_text='What is done about days paid and lost', max_length=12),
        ),
        migrations.AddField(
            model_name='subscription',
            name='suspension_stops_billing',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='subscription',
            name='unbilled',
            field=models.JSONField(db_default=[], default=list, help_text='Spans that nothing bills: [first day, first day after]'),
        ),
        AddConstraintNotValid(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(('suspended_until', None), ('suspended_until__gte', models.F('suspended_from')), _connector='OR'), name='a_suspension_ends_after_it_begins'),
        ),
        ValidateConstraint(
            model_name='subscription',
            name='a_suspension_ends_after_it_begins',
        ),
        AddConstraintNotValid(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(('suspended_from__isnull', False), models.Q(('suspended_until', None), ('suspension_begun', False), ('suspension_stops_billing', False)), _connector='OR'), name='a_suspension_has_a_first_day'),
        ),
        ValidateConstraint(
            model_name='subscription',
            name='a_suspension_has_a_first_day',
        ),
    ]
