/** More count nouns, first those of a house and its yard: a word and its sounds per line. */
export const HOUSEHOLD = `
apron EY1 P R AH0 N
armchair AA1 R M CH EH2 R
badge B AE1 JH
bandage B AE1 N D IH0 JH
barn B AA1 R N
beam B IY1 M
bracelet B R EY1 S L AH0 T
brick B R IH1 K
bulb B AH1 L B
cabinet K AE1 B AH0 N AH0 T
calendar K AE1 L AH0 N D ER0
ceiling S IY1 L IH0 NG
cellar S EH1 L ER0
chimney CH IH1 M N IY0
collar K AA1 L ER0
compass K AH1 M P AH0 S
cradle K R EY1 D AH0 L
crate K R EY1 T
cushion K UH1 SH AH0 N
diamond D AY1 M AH0 N D
drawer D R AO1 R
faucet F AO1 S AH0 T
funnel F AH1 N AH0 L
furnace F ER1 N AH0 S
gutter G AH1 T ER0
hinge HH IH1 N JH
hook HH UH1 K
ladle L EY1 D AH0 L
latch L AE1 CH
mattress M AE1 T R AH0 S
medal M EH1 D AH0 L
mitten M IH1 T AH0 N
napkin N AE1 P K IH0 N
necklace N EH1 K L AH0 S
oven AH1 V AH0 N
paddle P AE1 D AH0 L
pebble P EH1 B AH0 L
pedal P EH1 D AH0 L
pitcher P IH1 CH ER0
porch P AO1 R CH
poster P OW1 S T ER0
pulley P UH1 L IY0
puppet P AH1 P AH0 T
quilt K W IH1 L T
rocket R AA1 K AH0 T
saucer S AO1 S ER0
shutter SH AH1 T ER0
sleeve S L IY1 V
slipper S L IH1 P ER0
socket S AA1 K AH0 T
tablet T AE1 B L AH0 T
thimble TH IH1 M B AH0 L
thread TH R EH1 D
tile T AY1 L
towel T AW1 AH0 L
trophy T R OW1 F IY0
valve V AE1 L V
wardrobe W AO1 R D R OW2 B
zipper Z IH1 P ER0
acorn EY1 K AO0 R N
blossom B L AA1 S AH0 M
boulder B OW1 L D ER0
branch B R AE1 N CH
petal P EH1 T AH0 L
puddle P AH1 D AH0 L
snowflake S N OW1 F L EY2 K
thorn TH AO1 R N
twig T W IH1 G
vine V AY1 N
`;

/** More people by what they do. */
export const TRADES = `
acrobat AE1 K R AH0 B AE2 T
barber B AA1 R B ER0
butcher B UH1 CH ER0
carpenter K AA1 R P AH0 N T ER0
clerk K L ER1 K
diver D AY1 V ER0
drummer D R AH1 M ER0
editor EH1 D AH0 T ER0
janitor JH AE1 N AH0 T ER0
juggler JH AH1 G L ER0
mechanic M AH0 K AE1 N IH0 K
miner M AY1 N ER0
nephew N EH1 F Y UW0
plumber P L AH1 M ER0
potter P AA1 T ER0
shepherd SH EH1 P ER0 D
swimmer S W IH1 M ER0
wizard W IH1 Z ER0 D
`;

/** More animals. */
export const CREATURES = `
beaver B IY1 V ER0
badger B AE1 JH ER0
beetle B IY1 T AH0 L
cricket K R IH1 K AH0 T
falcon F AE1 L K AH0 N
giraffe JH ER0 AE1 F
hamster HH AE1 M S T ER0
hedgehog HH EH1 JH HH AO2 G
lobster L AA1 B S T ER0
moth M AO1 TH
octopus AA1 K T AH0 P UH2 S
otter AA1 T ER0
panda P AE1 N D AH0
pelican P EH1 L AH0 K AH0 N
raven R EY1 V AH0 N
snail S N EY1 L
sparrow S P EH1 R OW0
turkey T ER1 K IY0
walrus W AO1 L R AH0 S
weasel W IY1 Z AH0 L
`;
