/** Verbs: base form and its sounds; an irregular past stands after a bar, a regular one is derived. */
export const DOING = `
admire AE0 D M AY1 ER0
accept AE0 K S EH1 P T
borrow B AA1 R OW0
bring B R IH1 NG | brought B R AO1 T
build B IH1 L D | built B IH1 L T
buy B AY1 | bought B AO1 T
carry K EH1 R IY0
catch K AE1 CH | caught K AO1 T
change CH EY1 N JH
check CH EH1 K
choose CH UW1 Z | chose CH OW1 Z
clean K L IY1 N
collect K AH0 L EH1 K T
count K AW1 N T
cover K AH1 V ER0
deliver D IH0 L IH1 V ER0
describe D IH0 S K R AY1 B
discover D IH0 S K AH1 V ER0
draw D R AO1 | drew D R UW1
examine IH0 G Z AE1 M AH0 N
find F AY1 N D | found F AW1 N D
fix F IH1 K S
follow F AA1 L OW0
forget F ER0 G EH1 T | forgot F ER0 G AA1 T
gather G AE1 DH ER0
guard G AA1 R D
hide HH AY1 D | hid HH IH1 D
hold HH OW1 L D | held HH EH1 L D
keep K IY1 P | kept K EH1 P T
kick K IH1 K
leave L IY1 V | left L EH1 F T
lift L IH1 F T
lose L UW1 Z | lost L AO1 S T
love L AH1 V
measure M EH1 ZH ER0
mention M EH1 N SH AH0 N
move M UW1 V
need N IY1 D
notice N OW1 T AH0 S
offer AO1 F ER0
open OW1 P AH0 N
order AO1 R D ER0
polish P AA1 L IH0 SH
prepare P R IY0 P EH1 R
promise P R AA1 M AH0 S
protect P R AH0 T EH1 K T
pull P UH1 L
push P UH1 SH
recognize R EH1 K AH0 G N AY2 Z
remember R IH0 M EH1 M B ER0
remove R IY0 M UW1 V
repair R IH0 P EH1 R
return R IH0 T ER1 N
save S EY1 V
see S IY1 | saw S AO1
sell S EH1 L | sold S OW1 L D
send S EH1 N D | sent S EH1 N T
share SH EH1 R
show SH OW1
steal S T IY1 L | stole S T OW1 L
study S T AH1 D IY0
take T EY1 K | took T UH1 K
throw TH R OW1 | threw TH R UW1
touch T AH1 CH
trade T R EY1 D
use Y UW1 Z
visit V IH1 Z AH0 T
want W AA1 N T
wash W AA1 SH
watch W AA1 CH
weigh W EY1
wrap R AE1 P
`;

export const GOING = `
arrive ER0 AY1 V
begin B IH0 G IH1 N | began B IH0 G AE1 N
climb K L AY1 M
cough K AO1 F
cry K R AY1
dance D AE1 N S
disappear D IH2 S AH0 P IH1 R
dream D R IY1 M
escape IH0 S K EY1 P
fall F AO1 L | fell F EH1 L
fly F L AY1 | flew F L UW1
freeze F R IY1 Z | froze F R OW1 Z
grow G R OW1 | grew G R UW1
happen HH AE1 P AH0 N
hesitate HH EH1 Z AH0 T EY2 T
hurry HH ER1 IY0
jump JH AH1 M P
laugh L AE1 F
listen L IH1 S AH0 N
pause P AO1 Z
rest R EH1 S T
rise R AY1 Z | rose R OW1 Z
run R AH1 N | ran R AE1 N
shout SH AW1 T
sing S IH1 NG | sang S AE1 NG
sit S IH1 T | sat S AE1 T
sleep S L IY1 P | slept S L EH1 P T
slip S L IH1 P
smile S M AY1 L
stand S T AE1 N D | stood S T UH1 D
stay S T EY1
stop S T AA1 P
swim S W IH1 M | swam S W AE1 M
talk T AO1 K
travel T R AE1 V AH0 L
tremble T R EH1 M B AH0 L
wait W EY1 T
wake W EY1 K | woke W OW1 K
walk W AO1 K
whisper W IH1 S P ER0
work W ER1 K
yawn Y AO1 N
`;
