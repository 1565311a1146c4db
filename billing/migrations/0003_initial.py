"""Folded into 0001_initial: each operation of its own made every migration several times slower. The name stays."""

from django.db import migrations


class Migration(migrations.Migration):
    initial = True
    dependencies = [('billing', '0002_initial'), ('merchants', '0001_initial'), ('subscribers', '0001_initial')]
    operations: list[migrations.operations.base.Operation] = []
