"""A campaign goes on as it was begun, whoever writes, and each of its members says what it pays or why it is left out. Each
rule is added unchecked and then checked, the index built without a lock."""

from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models

GUARDS = """
CREATE TRIGGER a_campaign_goes_on_as_it_began BEFORE UPDATE ON billing_campaign
    FOR EACH ROW EXECUTE FUNCTION goes_on_as_it_began(
    '{"planning": ["announced", "cancelling"], "announced": ["cancelling"], "cancelling": ["cancelled"],'
    ' "cancelled": []}',
    'merchant_id,offer_id,to_version_id,population,test_clock_id,effect_on,notice_days,keep_commitment,foreseen,'
    'created_at');
CREATE TRIGGER a_member_of_a_campaign_goes_on_as_it_began BEFORE UPDATE ON billing_campaignmember
    FOR EACH ROW EXECUTE FUNCTION goes_on_as_it_began(
    '{"waiting": ["scheduled", "skipped"], "scheduled": ["skipped"], "skipped": []}',
    'merchant_id,campaign_id,subscription_id');
"""
NO_GUARDS = """
DROP TRIGGER a_member_of_a_campaign_goes_on_as_it_began ON billing_campaignmember;
DROP TRIGGER a_campaign_goes_on_as_it_began ON billing_campaign;
"""


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('billing', '0022_changes_paid_first'),
        ('subscribers', '0017_gestures_stay_as_given'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='campaignmember',
            index=models.Index(fields=['merchant', 'campaign', '-id'], name='campaign_members_newest'),
        ),
        AddConstraintNotValid(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('settled_at', None), ('status__in', ['planning', 'cancelling'])), models.Q(('settled_at__isnull', False), ('status__in', ['announced', 'cancelled'])), _connector='OR'), name='a_settled_campaign_says_when'),
        ),
        ValidateConstraint(
            model_name='campaign',
            name='a_settled_campaign_says_when',
        ),
        AddConstraintNotValid(
            model_name='campaignmember',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'waiting'), ('wish', None)), models.Q(('after__isnull', False), ('before__isnull', False), ('due_on__isnull', False), ('status', 'scheduled'), ('wish__isnull', False), ('yearly_after__isnull', False), ('yearly_before__isnull', False)), models.Q(('status', 'skipped'), models.Q(('code', ''), _negated=True)), _connector='OR'), name='a_member_of_a_campaign_says_what_it_pays_or_why_not'),
        ),
        ValidateConstraint(
            model_name='campaignmember',
            name='a_member_of_a_campaign_says_what_it_pays_or_why_not',
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
