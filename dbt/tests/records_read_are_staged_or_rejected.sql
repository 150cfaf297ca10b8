-- Nothing vanishes: for every file, records read = records staged + records rejected (attribution rules, section 1).
select
    source_file,
    records_read,
    records_staged,
    records_rejected
from {{ ref('load_reconciliation') }}
where records_read != records_staged + records_rejected
