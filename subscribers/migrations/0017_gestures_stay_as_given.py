"""What was given stays as it was given, whoever writes; it says what it made, an empty value being no answer (a CHECK lets
pass what is unknown). Each rule is added unchecked and then checked, each index built without a lock."""

from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models

GUARDS = """
CREATE FUNCTION goes_on_as_it_began() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moves jsonb := TG_ARGV[0]; -- of the status: from each, to which
    fixed text[] := string_to_array(TG_ARGV[1], ','); -- columns that never change
    was jsonb := to_jsonb(OLD);
    will jsonb := to_jsonb(NEW);
    name text;
BEGIN
    IF NEW.status <> OLD.status AND NOT moves -> OLD.status ? NEW.status THEN
        RAISE EXCEPTION '% %: % cannot become %', TG_TABLE_NAME, OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
    END IF;
    FOREACH name IN ARRAY fixed LOOP
        IF will -> name IS DISTINCT FROM was -> name THEN
            RAISE EXCEPTION '% %: % never changes', TG_TABLE_NAME, OLD.id, name
                USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
        END IF;
    END LOOP;
    RETURN NEW;
END $$;
CREATE TRIGGER a_gesture_stays_as_it_was_given BEFORE UPDATE ON subscribers_gesture
    FOR EACH ROW EXECUTE FUNCTION goes_on_as_it_began(
    '{"given": ["undone"], "undone": []}',
    'merchant_id,subscription_id,subscriber_id,kind,currency,option_id,quantity,days,percent_off,amount,periods,until,'
    'cost,cost_per_period,given_on,given_as,batch_id,option_row_id,coupon_use_id,balance_entry_id,moved,created_at');
CREATE TRIGGER a_batch_goes_on_as_it_began BEFORE UPDATE ON subscribers_gesturebatch
    FOR EACH ROW EXECUTE FUNCTION goes_on_as_it_began(
    '{"giving": ["given", "undoing"], "given": ["undoing"], "undoing": ["undone"], "undone": []}',
    'merchant_id,kind,terms,population,currency,foreseen,coupon_id,given_as,created_at');
CREATE TRIGGER a_member_of_a_batch_goes_on_as_it_began BEFORE UPDATE ON subscribers_gesturemember
    FOR EACH ROW EXECUTE FUNCTION goes_on_as_it_began(
    '{"waiting": ["given", "refused"], "given": ["undone", "kept"], "refused": [], "undone": [], "kept": []}',
    'merchant_id,batch_id,subscription_id');
"""
NO_GUARDS = """
DROP TRIGGER a_member_of_a_batch_goes_on_as_it_began ON subscribers_gesturemember;
DROP TRIGGER a_batch_goes_on_as_it_began ON subscribers_gesturebatch;
DROP TRIGGER a_gesture_stays_as_it_was_given ON subscribers_gesture;
DROP FUNCTION goes_on_as_it_began();
"""


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('subscribers', '0016_reactivated'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='gesture',
            name='a_gesture_says_what_it_gives',
        ),
        migrations.RemoveConstraint(
            model_name='subscription',
            name='a_period_has_days',
        ),
        AddIndexConcurrently(
            model_name='gesture',
            index=models.Index(condition=models.Q(('option_row_id__isnull', False)), fields=['merchant', 'option_row_id'], name='gestures_of_options'),
        ),
        AddIndexConcurrently(
            model_name='gesturemember',
            index=models.Index(fields=['merchant', 'batch', '-id'], name='gesture_members_newest'),
        ),
        AddConstraintNotValid(
            model_name='gesture',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'option'), ('option__isnull', False), ('quantity__gte', 1), ('quantity__isnull', False)), models.Q(('days__gte', 1), ('days__isnull', False), ('kind', 'days')), models.Q(('kind', 'percent'), ('percent_off__gt', 0), ('percent_off__isnull', False), ('percent_off__lte', 100)), models.Q(('amount__gt', 0), ('amount__isnull', False), ('kind', 'amount')), _connector='OR'), name='a_gesture_says_what_it_gives'),
        ),
        ValidateConstraint(
            model_name='gesture',
            name='a_gesture_says_what_it_gives',
        ),
        AddConstraintNotValid(
            model_name='gesture',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'option'), ('option_row_id__isnull', False)), models.Q(('kind', 'days'), ('moved__has_keys', ['from', 'to'])), models.Q(('coupon_use__isnull', False), ('kind', 'percent')), models.Q(('balance_entry_id__isnull', False), ('kind', 'amount')), _connector='OR'), name='a_gesture_names_what_it_made'),
        ),
        ValidateConstraint(
            model_name='gesture',
            name='a_gesture_names_what_it_made',
        ),
        AddConstraintNotValid(
            model_name='gesture',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('cost', None), ('cost__gte', 0), _connector='OR'), models.Q(('kept', None), ('kept__gte', 0), _connector='OR')), name='a_gesture_never_costs_less_than_nothing'),
        ),
        ValidateConstraint(
            model_name='gesture',
            name='a_gesture_never_costs_less_than_nothing',
        ),
        AddConstraintNotValid(
            model_name='gesturebatch',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('settled_at', None), ('status__in', ['giving', 'undoing'])), models.Q(('settled_at__isnull', False), ('status__in', ['given', 'undone'])), _connector='OR'), name='a_settled_batch_says_when'),
        ),
        ValidateConstraint(
            model_name='gesturebatch',
            name='a_settled_batch_says_when',
        ),
        AddConstraintNotValid(
            model_name='gesturemember',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('gesture', None), ('status', 'waiting')), models.Q(('gesture__isnull', False), ('status', 'given')), models.Q(('gesture__isnull', False), ('status', 'undone')), models.Q(('gesture__isnull', False), ('status', 'kept'), models.Q(('code', ''), _negated=True)), models.Q(('gesture', None), ('status', 'refused'), models.Q(('code', ''), _negated=True)), _connector='OR'), name='a_member_of_a_batch_says_what_it_got_or_why_not'),
        ),
        ValidateConstraint(
            model_name='gesturemember',
            name='a_member_of_a_batch_says_what_it_got_or_why_not',
        ),
        AddConstraintNotValid(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('current_period_end', None), ('current_period_start', None)), models.Q(('current_period_end__gt', models.F('current_period_start')), ('current_period_end__isnull', False), ('current_period_start__isnull', False)), _connector='OR'), name='a_period_has_days'),
        ),
        ValidateConstraint(
            model_name='subscription',
            name='a_period_has_days',
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
