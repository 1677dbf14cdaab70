"""Small lists with the columns and the traps of the published ones. Ships are real where a trap needs them."""

SDN = b"""9001,"ANGARA","vessel","RUSSIA-EO14024",-0- ,"UBAB1","Roll-on Roll-off","7,200","12,050","Russia",-0- ,"Vessel Registration Identification IMO 9179842; MMSI 273999001; alt. MMSI 273999002; f.k.a. 'CAPTAIN EXAMPLE'; Former Vessel Flag Malta; alt. Former Vessel Flag None Identified; Other Vessel Call Sign UBAB2; Linked To: M LEASING LLC."
9002,"NS EXAMPLE","vessel","SDGT] [IFSR",-0- ,-0- ,"Crude Oil Tanker",-0- ,-0- ,"Gabon",-0- ,"Secondary sanctions risk: see section 11.; Identification Number IMO 9339301; Linked To: AN EXA"
9003,"EXAMPLE SHIPPING LLC",-0- ,"RUSSIA-EO14024",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"Identification Number IMO 9358010; Tax ID No. 7707083893 (Russia)."
9004,"NAMELESS BARGE","vessel","CUBA",-0- ,"CL2685",-0- ,-0- ,-0- ,-0- ,-0- ,-0-
9005,"SLIP","vessel","IRAN",-0- ,-0- ,-0- ,-0- ,-0- ,"Iran",-0- ,"Vessel Registration Identification IMO 9187620; MMSI 422000001."
9006,"PERSON, A","individual","SDGT",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"DOB 1 Jan 1970."
\x1a"""  # noqa: E501 - as published
ALT = b"""9001,77,"fka","OLD EXAMPLE",-0-
9001,78,"aka","ANGARA \xd0\x90",-0-
9006,79,"aka","SOMEBODY",-0-
\x1a"""
COMMENTS = b"""9002,"MPLE COMPANY LTD; MMSI 636013272; a.k.a. 'SECOND NAME'."
9006,"more."
\x1a"""

UN = b"""<?xml version="1.0" encoding="UTF-8"?>
<CONSOLIDATED_LIST dateGenerated="2026-02-27T00:00:09.554Z">
 <INDIVIDUALS><INDIVIDUAL><FIRST_NAME>ERIC</FIRST_NAME></INDIVIDUAL></INDIVIDUALS>
 <ENTITIES>
  <ENTITY><FIRST_NAME>EXAMPLE SHIPPING CO</FIRST_NAME><UN_LIST_TYPE>DPRK</UN_LIST_TYPE>
   <REFERENCE_NUMBER>KPe.901</REFERENCE_NUMBER><LISTED_ON>2018-03-30</LISTED_ON>
   <COMMENTS1>Registered owner of EXAMPLE 1. IMO number: 5571322.</COMMENTS1></ENTITY>
  <ENTITY><FIRST_NAME>EXAMPLE MARITIME MANAGEMENT COMPANY</FIRST_NAME>
   <REFERENCE_NUMBER>KPe.902</REFERENCE_NUMBER>
   <COMMENTS1>Operator of a vessel. International Maritime Organization (IMO) Number: 1790183.</COMMENTS1></ENTITY>
  <ENTITY><FIRST_NAME>M/V EXAMPLE STAR</FIRST_NAME><UN_LIST_TYPE>DPRK</UN_LIST_TYPE>
   <REFERENCE_NUMBER>KPe.903</REFERENCE_NUMBER><LISTED_ON>2018-03-30</LISTED_ON>
   <COMMENTS1>Ship listed for
     ship-to-ship transfers. IMO Number:
     9161003. MMSI 445000001.</COMMENTS1>
   <ENTITY_ALIAS><QUALITY>f.k.a.</QUALITY><ALIAS_NAME>OLD STAR</ALIAS_NAME></ENTITY_ALIAS></ENTITY>
  <ENTITY><FIRST_NAME>NO NUMBER</FIRST_NAME><COMMENTS1>A bank.</COMMENTS1></ENTITY>
 </ENTITIES>
</CONSOLIDATED_LIST>
"""

EU = b"""No;Vessel name;IMO number;Date of application;Grounds
1;Angara;9179842;24.6.2024;Article 3s(2), point (a)
2;Maria;8517839;24.6.2024;Article 3s(2), point (a)
3;Maria;9358010;5.12.2025;Article 3s(2), point (b)
4;Rigel;9511533;17.12.2024;Article 3s(2), point (b)
5;Maria II;8517839;17.12.2024;Article 3s(2), point (b)
6;Maria;8517839;25.2.2025;Article 3s(2), point (b)
7;Nobody;Does not exist;25.2.2025;Article 3s(2), point (b)
8;Slip;9511530;25.2.2025;Article 3s(2), point (b)
"""

UK_CSV = b"""Report Date: 11-Sep-2026
Last Updated,Unique ID,OFSI Group ID,Name 6,Name 1,Name 2,Name type,Regime Name,Designation Type,Other Information,Date Designated,IMO number,Current owner/operator (s),Current believed flag of ship,Previous flags,Type of ship,Tonnage of ship,Length of ship
04/08/2026,RUS2001,1,OLD ANGARA,,,Alias,Russia,Ship,"many, words
on two lines",24/02/2024,9179842,M LEASING LLC,Russia,(1) Malta (2) Panama,Ro-Ro Cargo,12050,119.1
04/08/2026,RUS2001,1,ANGARA,,,Primary Name,Russia,Ship,,24/02/2024,9179842,M LEASING LLC,Russia,(1) Malta (2) Panama,Ro-Ro Cargo,12050,119.1
04/08/2026,RUS2002,2,FICTIONOV,Ivan,,Primary Name,Russia,Individual,,24/02/2022,,,,,,,
04/08/2026,RUS2003,3,NO IDENTITY,,,Primary Name,Russia,Ship,,24/02/2024,,,,,Tanker,,
"""  # noqa: E501 - as published

UK_XML = b"""<?xml version="1.0" encoding="utf-8"?>
<Designations><DateGenerated>01/09/2026</DateGenerated>
 <Designation><DateDesignated>24/02/2024</DateDesignated><UniqueID>RUS2001</UniqueID>
  <Names><Name><Name6>OLD ANGARA</Name6><NameType>Alias</NameType></Name>
   <Name><Name6>ANGARA</Name6><NameType>Primary Name</NameType></Name></Names>
  <RegimeName>Russia</RegimeName><IndividualEntityShip>Ship</IndividualEntityShip>
  <ShipDetails><Ship><IMONumbers><IMONumber>9179842</IMONumber></IMONumbers>
   <CurrentOwnerOperators><CurrentOwnerOperator>M LEASING LLC</CurrentOwnerOperator></CurrentOwnerOperators>
   <CurrentBelievedFlagOfShips><CurrentBelievedFlagOfShip>Russia</CurrentBelievedFlagOfShip></CurrentBelievedFlagOfShips>
   <PreviousFlags><PreviousFlag>Malta</PreviousFlag></PreviousFlags>
   <TypeOfShipDetails><TypeOfShip>Ro-Ro Cargo</TypeOfShip></TypeOfShipDetails>
   <TonnageOfShipDetails><TonnageOfShip>12050</TonnageOfShip></TonnageOfShipDetails>
   <LengthOfShipDetails><LengthOfShip>119.1</LengthOfShip></LengthOfShipDetails></Ship></ShipDetails></Designation>
 <Designation><UniqueID>RUS2002</UniqueID><Names><Name><Name1>Ivan</Name1><Name6>FICTIONOV</Name6></Name></Names>
  <IndividualEntityShip>Individual</IndividualEntityShip></Designation>
</Designations>
"""

MARITIME = """type,caption,imo,risk,countries,flag,mmsi,id,url,datasets,aliases
VESSEL,ANGARA,IMO9179842,sanction;mare.shadow,ru,ru,273999001,NK-example1,https://example.org,us_ofac_sdn;eu_sanctions,Ангара;OLD ANGARA
ORGANIZATION,M LEASING LLC,IMO6082122,sanction,ru,,,NK-example2,https://example.org,us_ofac_sdn,
VESSEL,NOTHING KNOWN,,sanction,,,,NK-example3,https://example.org,us_ofac_sdn,
""".encode()  # noqa: E501 - as published

FTM = b"""{"id":"NK-1","caption":"ANGARA","schema":"Vessel","datasets":["us_ofac_sdn"],"properties":{"name":["ANGARA"],"previousName":["OLD ANGARA"],"imoNumber":["IMO9179842"],"mmsi":["273999001"],"callSign":["UBAB1"],"flag":["ru"],"pastFlags":["mt"],"type":["Ro-Ro"],"grossRegisteredTonnage":["12050"],"topics":["sanction"],"owner":["NK-2"]}}
{"id":"NK-2","caption":"M LEASING LLC","schema":"Company","datasets":["us_ofac_sdn"],"properties":{"name":["M LEASING LLC"],"imoNumber":["IMO6082122"],"notes":["\\"Vessel\\" in a note"]}}
{"id":"NK-3","schema":"Vessel","properties":
{"id":"NK-4","caption":"SLIP","schema":"Vessel","properties":{"imoNumber":["9187620"]}}
"""  # noqa: E501 - as published

UN_1718 = b"""#,vessel_name,imo_number,mmsi,flag,call_sign,type,other_information,date_of_designation,designated_owner,\
Paragraph 12 (a) of resolution 2321 (2016),image_url
1,1: EXAMPLE STAR 2: OLD STAR,9074729,1: 445000001 2: 445000002,DPRK,na,General cargo,,03-Oct-17,,Yes,
"""

SHIPBREAKING = b"""IMO#,NAME,TYPE,GT,LDT,BUILT,FLAG,BENEFICIAL OWNER,BO COUNTRY,PLACE,COUNTRY,ARRIVAL
9074729.0,EXAMPLE ONE,Bulk Carrier,25899.0,8032.0,1994.0,Comoros,AN OWNER,India,Alang,India,2024-11-01
9179842,EXAMPLE TWO,Ro-Ro,12050,,2000,Unknown,AN OWNER,Greece,Esbjerg,Denmark,2024-02-01
"""
