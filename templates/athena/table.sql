{% for table in tables -%}
{% if not loop.first %}
{% endif -%}
-- {{ table.about }}
{%- for note in table.notes %}
-- {{ note }}
{%- endfor %}
CREATE EXTERNAL TABLE IF NOT EXISTS {{ database }}`{{ table.name }}` (
  eventversion string,
  useridentity struct<
    type: string,
    principalid: string,
    arn: string,
    accountid: string,
    accesskeyid: string,
    username: string,
    invokedby: string,
    identityprovider: string,
    sessioncontext: struct<
      attributes: struct<mfaauthenticated: string, creationdate: string>,
      sessionissuer: struct<type: string, principalid: string, arn: string, accountid: string, username: string>,
      webidfederationdata: struct<federatedprovider: string, attributes: map<string, string>>,
      sourceidentity: string,
      ec2roledelivery: string>>,
  eventtime string,
  eventsource string,
  eventname string,
  awsregion string,
  sourceipaddress string,
  useragent string,
  errorcode string,
  errormessage string,
  requestparameters string,
  responseelements string,
  additionaleventdata string,
  requestid string,
  eventid string,
  readonly string,
  resources array<struct<arn: string, accountid: string, type: string>>,
  eventtype string,
  apiversion string,
  managementevent string,
  recipientaccountid string,
  serviceeventdetails string,
  sharedeventid string,
  vpcendpointid string,
  vpcendpointaccountid string,
  eventcategory string,
  addendum struct<reason: string, updatedfields: string, originalrequestid: string, originaleventid: string>,
  sessioncredentialfromconsole string,
  edgedevicedetails string,
  tlsdetails struct<tlsversion: string, ciphersuite: string, clientprovidedhostheader: string>
)
PARTITIONED BY (
{%- if table.accounts %}
  account string,
{%- endif %}
  region string,
  day string
)
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION '{{ table.root }}'
TBLPROPERTIES (
  'classification' = 'cloudtrail',
  'projection.enabled' = 'true',
{%- if table.accounts %}
  'projection.account.type' = 'enum',
  'projection.account.values' = '{{ table.accounts | join(",") }}',
{%- endif %}
  'projection.region.type' = 'enum',
  'projection.region.values' = '{{ table.regions | join(",") }}',
  'projection.day.type' = 'date',
  'projection.day.format' = 'yyyy/MM/dd',
  'projection.day.range' = '{{ since }},NOW',
  'projection.day.interval' = '1',
  'projection.day.interval.unit' = 'DAYS',
  'storage.location.template' = '{{ table.template }}'
);
{% endfor -%}
