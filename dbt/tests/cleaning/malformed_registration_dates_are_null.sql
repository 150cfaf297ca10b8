-- A test of the macros alone, shown as a check of the model that uses them: {{ ref('stg_client_records') }}
-- A real date YYYY-MM-DD in 1970-2100 or null (section 2): clean_date gives null for every text below, fails on none.
with

texts as (

    select texts.registration_date
    from (
        values
        ('now'), ('today'), ('infinity'), ('20240301'), ('2024-3-1'), ('01.03.2024'), ('03/01/2024'), ('2024/03/01'),
        ('2024-03-01 12:00'), ('2024-03-01T00:00:00Z'), ('2024-03'), ('2024-03-01x'), ('-2024-03-01'), ('12024-03-01'),
        ('2024-00-01'), ('2024-13-01'), ('2024-01-00'), ('2024-01-32'), ('2024-02-30'), ('2023-02-29'), ('2100-02-29'),
        ('2024-04-31'), ('2024-06-31'), ('2024-09-31'), ('2024-11-31'), ('xxxx-02-29'), ('1969-12-31'), ('2101-01-01'),
        ('٢٠٢٤-03-01'), ('2024–03–01'), (repeat('2024-03-01', 10000))
    ) as texts (registration_date)

)

select
    registration_date,
    {{ clean_date('registration_date') }} as accepted_as
from texts
where {{ clean_date('registration_date') }} is not null
