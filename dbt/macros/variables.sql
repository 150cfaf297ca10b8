{#- Stops a run whose variables make no sense, before anything is written; each message says what the variable may be. -#}
{% macro check_variables() %}
    {% if execute %}
        {# A century: no window needs more, and no timestamp leaves PostgreSQL's range #}
        {% do check_days('attribution_window_days', 0, 36525) %}
        {# A microsecond is about 1e-11 days #}
        {% do check_days('time_decay_half_life_days', 0.00000000001, 36525) %}
        {% do check_list('touchpoint_event_types', ['page_view', 'purchase']) %}
        {% do check_list('multi_touch_models', ['linear', 'time_decay', 'position_based']) %}
        {% set prefix = var('schema_prefix') %}
        {% if prefix is not string or not modules.re.match('^[a-z0-9_]{0,40}$', prefix) %}
            {% do exceptions.raise_compiler_error('schema_prefix may hold up to 40 lower-case letters, digits and underscores; it is ' ~ prefix) %}
        {% endif %}
    {% endif %}
{% endmacro %}


{% macro check_days(name, least, most) %}
    {% set days = var(name) %}
    {# Written so that a number that is no number fails as well #}
    {% if days is not number or days is boolean or not (days >= least and days <= most) %}
        {% do exceptions.raise_compiler_error(name ~ ' must be a number of days from ' ~ least ~ ' to ' ~ most ~ '; it is ' ~ days) %}
    {% endif %}
{% endmacro %}


{% macro check_list(name, allowed) %}
    {% set values = var(name) %}
    {% if values is string or values is mapping or values is not iterable %}
        {% do exceptions.raise_compiler_error(name ~ ' must be a list; it is ' ~ values) %}
    {% endif %}
    {% for value in values %}
        {% if value not in allowed or values.count(value) > 1 %}
            {% do exceptions.raise_compiler_error(name ~ ' may hold each of ' ~ (allowed | join(', ')) ~ ' once; it holds ' ~ (values | join(', '))) %}
        {% endif %}
    {% endfor %}
{% endmacro %}
