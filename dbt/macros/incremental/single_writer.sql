{#-
    Two runs never write at once. A pipeline run holds the session lock on a connection of its own and hands that backend's pid to dbt;
    dbt by hand is refused while somebody holds the lock, and holds a share of it for the length of each model's transaction.
-#}
{% macro check_single_writer() %}
    {% if execute and flags.WHICH in ('run', 'build', 'seed', 'snapshot') %}
        {% set key = "hashtextextended(" ~ sql_string('attribution-workbench:' ~ var('schema_prefix', '') ~ 'raw') ~ ", 0)" %}
        {% set writer = env_var('ATTRIBUTION_WRITER_PID', '') %}
        {% set holder %}
            select locks.pid, activity.application_name, activity.backend_start::timestamptz(0)::text as since
            from pg_catalog.pg_locks as locks
            left join pg_catalog.pg_stat_activity as activity on locks.pid = activity.pid
            where locks.locktype = 'advisory'
                and locks.database = (select oid from pg_catalog.pg_database where datname = current_database())
                and locks.mode = 'ExclusiveLock'
                and locks.granted
                and locks.objsubid = 1
                and ((locks.classid::bigint << 32) | locks.objid::bigint) = {{ key }}
        {% endset %}
        {% if writer %}
            {% set held = run_query(holder ~ " and locks.pid = " ~ (writer | int)).rows | length %}
            {% if not held %}
                {% do exceptions.raise_compiler_error('The run that started this dbt no longer holds the writer lock (its connection ' ~ writer ~ ' is gone). Nothing more is written; start the run again.') %}
            {% endif %}
        {% elif not run_query("select pg_try_advisory_xact_lock_shared(" ~ key ~ ") as free").rows[0]['free'] %}
            {% set rows = run_query(holder).rows %}
            {% set who = (rows[0]['application_name'] ~ ' (since ' ~ rows[0]['since'] ~ ')') if rows | length else 'another run' %}
            {% do exceptions.raise_compiler_error('Another run is writing: ' ~ who ~ '. Nothing ' ~ ('of this model ' if this is defined and model is defined and model.resource_type == 'model' else '') ~ 'was written. Wait for it or cancel it, then run dbt again.') %}
        {% endif %}
    {% endif %}
{% endmacro %}
