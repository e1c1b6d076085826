"""Files that PyTorch 2.14 wrote, for test_torch.py; compressed, and as text."""

import base64
import zlib


def unpacked(text):
    return zlib.decompress(base64.b85decode(text))


# torch.save(OrderedDict(float32=base, transposed=base.T, column=base[:, 1], ...), with a base of 3 x 4
TENSORS_ZIP = (
    "c-pO(OKclO7{|wtIIf!}X<8^PPzvRdK%4sQO&@W(Elb-iG}+SD4HS26Z(`GpH{W`kz9@=RrGSKl#HkXZ;?4nyOK&LRj8wHk2"
    "qX?j91s_fI3W&%nH_t*GkLg;S!H&W)%<_oe`aUCZ#=FBf(V7fXxY_|29RzS%au7}UrERM@a!d1k$cf3cg_2YMawjeBCc4~TI"
    "7^nGHj!Cv{J+oKtme%26Np6Hf35mPQ<}q#1>%==j*s))*^Y^DAX%vDUXe6&9d`z@dyM4nWRQ~>eB`UnIxi6#A)_20$n*D=@W"
    "%eE<m2e**bKqJs83hDpCV#@D^-PgR1WqL_R808yhk7Xs{_4A)T?US8KCY%_u={nM5lG%U$JA+0pk=eNYYDf_~LUF`Jow0K*m"
    "yw&p@Km}S;ys_>YoeSCsQ0t>KB4KBbFOt&4w4h^1c%|SW|PcdO*SVygT!8F`)J?)Gu20IDUkKq~W$G-r(RNn$T%b3q$*sa0y"
    "EoLkYFL2Cbx;f<%Uv!9Zc!?1Q8^j?>e3=nn!LUbzy*auH3QgoNhm;le+Qsg3unC9~Yyd;dnfL{WQ*44^lNeGOq;p-QW2H)mp"
    "5d4$t?IPPlN??WMhMS`VL#yw4KdCE3<oth)Z~z5G|F*~S6k~M>tIqa#zuR%F<P10I>K;AF}$jQ(!`OWzQ*BBmo2*mJmvt?aG"
    "d!%L4ky&(%VS}d>z9Z8l1`n8Bl_8j(4Q2+b(Xx!DT>WxYG^XoAh>u;m%?>r$Nr~S9f^l`A=~bx7N#~!;|1G#(TTLyFhR6FkT"
    "+RMGbVvUcs_VDDXJ)%Ec8O+z6D|^cjumo1(aBhAU&JXz;FM&zPCTSK(4~C*=He?MA^QYJ_2isuA5xRkA0^X0#Y#76WKt=Qfb"
    "uv%0O%7}&6(wn}Pndqe>9fnrc+qn>Mw`ZB#;VL`59xTeAN51oJB`v7ie@P2)GT<s2j_t^#gD>50hjjx*iwxJ$3{S8l9_Kc46"
    "bB0|bX-<*DZWfGD;@v-gzDehew$+I{P^Lv}WVgI-R;H^nMinb^LP)I-b)}QkK=v~HPN&4brh&~U>l!GKMP$)rt;h$~6SsMp6"
    "^u=TdRRF0>vozRLu-2IMWb9**%wvh{T&!!)cGvAjgddn=1Kd4v_;Z>Aq^cSwT!e~q(u)?r&n%FjYetpXybG%?=+^!{b=R*e`"
    "nd#zexET2LHL+?^MvW`AME1SLEm;&jgZ|uG5%*jo!=C4IXS0bBvFfP~?N1eE!M#?AYQ7pbqfYd%j%9_fK~A{kt1n>R|SV-z*"
    "w3+{VE{-a$%{rFA=?TmIjrr6n34Zhvxb9r4qh#ix<K+5K&<{r>MoG9Njk$fF&7{mDsZ;Do)@KL7QiBYb#Ck+U6!?<oGr{}6w"
    "*`9~`l=p(6!&nP7M9qP=%>cj0rTZCvNf%T!~`D=`h;Nv^D&$Z7VeVz*97Q>F}M<PO_-@h|`rv3WeiQ=sS>I|u7*cDPiuj%yH"
    "N4`>0<l#p&6H7$XBdJVWiYKH@CYF(;cqW>WVp1lS8i}UKi?ozVq@6PVQ{ns{gT%+6<I+dXx<0*!ivDHJ#otk)+IxW5#wnMAX"
    "tiUA2=N{Qc5sl1F0{tUL*#f1`DTvuz{7D55Te{$U3)qC*$@(Hzo_+APF{<;1#L{!dMhBWy(ntqqSjlxc<uM1HX&-gRYw?aSk"
    "NX#t+!(E+8;%2O4NFD4zHyLYrevWT5rPSwGTvX=Hayy5kV_GyyyF(cBH9YIg@%XZKJq0mMtuAdgH~5%f!o8mNz@`;;lVM%!i"
    "`bn>2QE;!i!|mDAa{8Vc=cCcnU5S2-X&jUanUo0^BAkaI5jys>>*UF-@m&4AON_5BZX>k=X"
)
TENSORS_OLDER = (
    "c-noGS$Eq+6vwq?Q`0u=lr`)QOHgE6k=dHGA+%MuC@f+rMz$xBiX!<+qd;0h{o+vg41M5{kCBhUE8hUl;Sla<WErI@I-Zd=n"
    ")&^&{&VLJq+itF?|bWi&ENd(`kBRnbmb2j`+X2<&YU0!{WzjgHwxOjBu@M&1Q91VC-F_-QyP#q346X9f^^qWaggryNjvdxkp"
    "$#@P-@Nu4klg{Q<$(MN5&^Vq%dhIj=~sGxD8X5lBTHHMVWwfDXJvuwYW!O(p&SpR0Uzd2C?Q$;fk#wa%o)$sY|1{>n*lZ>Ia"
    "G1j!7r=gI=4GFp1*!uC9Vy<4Y2p>24EH_!4!UAvXD-3KPyLoYShenuccR%MH_L8Zenf+U=(p-0W2f(;Jpx$(C{eGnQhB2cZ7"
    "!v7k;+n6=>~|Mb`mlYW$t9-Q(}+f%$s_GynZ=NMD5<O6uf5*hko&U}Qzqc%L|OtJ`~Al(V!@&DsJk@KG1K#V+uGnO)hr#S0r"
    "3eVW^?ASS@0nc$*ZpK=ab^=nk@qD4sY#B>hvuT(b%%g&Y3NNsTr6Ig%i9>jaE4)nM6&qe1D=ZoCT1nx88*CN)+JE_4%hZ;16"
    "Bcs*>pA}o#($IZ-=eT+!`sd@F6)d0w35KNbv|5(ER}6)nmXE~qlk<m^=vDL&|o4>E@Dtvw!zGj71I+<YLyf&W11H9caGB=ng"
    ";J8T}1kONMBgs)b}ZTV8huF6_a+QM7<b}vv9TSi>^2DGtcF|oX>q(V<CUY;p-GWvf;uAj<YY8;G68s75GcXZ8!7=Sb5Bs86L"
    "@3Sa+4<uTi*e!$x*U5pRNBqM!HNxPWh#bEcu|%Q}3V!#~O4pR(>V4tFSgZo?N@>}f{-vb>>tbexf2mFRk1LvP?lPX9Wmw^{c"
    "Mr@It7HgvPlJ5dxsuMEeb0#1&@>xKzix$WDz?H+^s9Db9+w>AV>=wzo)_h9F~v&m6)ObiGSB_JwdD1n{zK9&)zAHZ=~784t&"
    "Gs7ya8@oG%k{Hql)V5-V3cC+dZRr|(m%H<Q?#>?TZgIui6n?N_|8Dm1<4<tMh5;+SH(0^1$U(8{z)Dr=Bv++@QdLhTs<w2pY"
    "AdFyOr5U!=9#L}s8$t%6IJJTmMlsFzeH^R9335vo(1#hwphFy{Tsi|u0PN6yL5Qp1hJSj{wJ)=mX;6L@)i7H8({kt+ab2!u?"
    "ee!Fo$g(o3<(!D^?CK!H77O-~R=<8u5P"
)

# torch.save({"epoch": 3, "model": net.state_dict(), "optimizer": adam.state_dict(), ...})
CHECKPOINT_ZIP = (
    "c-qaFTZ|i59mZ!b@$S0G-r6R+0g^Oni$l|mXMEjcvks>57AD<nCJ8lxjTzg=_9VXjXU=S{hLn)DrX{o`lu&4)P%ecQS_%TGY"
    "03*PC9MP!5=clz;i*zZc_^v`66IW+-I-&O-P)DHtVZ6k=l6ZzIrE=$&diM3)h$WAy;9RQC=E-xnJE}^XmeJ_`dIZ)F%j>V_P"
    "e%|oi&hr$z=pU)k>xS9cmXlDpj(m2%VWsrC3B6Y*fmYcbAz(Cd%GnWUv>yHfqrAOHyb5*kNSk3mBGVaD`ZorEF{zEpN(1Y1="
    "4fQy7)4ikX^Iyx{Tql0Ag6$eDT`K@Uf~iDE^^d-#`L=uLJ|UFb`8k<U!k2Cv$S;kw<b<WoD<4zhP*SngB1$sak!u%cd|iTW`"
    "NXfT-cuvlqBw_vD1JPSPqt|`NC!As%miI&=V8g5WKPQ#6yUWs9q1|zId^5sU2x_AXvbN&Mj{)3eN5a-umSgXN0<}P#hn_P4N"
    ")^mD8gT9&4w{ZGa3?J6Om+WV>X_w1JIiD&ay$l;&Dna-NSGldBvWcqP&Q-=RY}UY^T;Wog(@l_FA|X(?NT4ASq#_|M62=hGA"
    "ey|9iInY9Dy`#80a+<*>X}0*3*%g@arJgq%K7<=w}t74VJp!mS7w6fZ`{arw_%vnAZFKKd$Nz5L|TV+TAlDw_Iuoyq_qnltH"
    "B+tOy-bjk=lbDYKPURi9`*i3iHP@+*yN<ljBayw$e<rQpHBeIEGC4L=9A4+!od`f}J(E%cn{;nD!;R*|(?)yIkE8ff*iqw<E"
    "TOVUGrTSt4|#n$qX;u+N1>;gbbcqIbJXH0dbOPjRvR7(T7RXOi9pv6KZc>(U#C16(iV*88kOPv?4R3>giww%Snx<SQ&Rr;~P"
    "%A9B1sc}IIlRT~-{EbMciE5jjP62(SIlxRtmIa9$<)c^{!Zbku<GggDal(9K8hvBdWM{JdhGDn-D1>hKucH9x|1csUhpA(}6"
    ";q%<)WW(kjYV!rooWk%$4Ni;ELU1o<?rSjjQ>M<DFJX8<g9mN3s|H_giWY`5Jla<r(H_F^um+Ea(IW6wZgaL_^EGPoC}+No;"
    "hYBF5TixmG0uFm!F-D{k8|b;4Byt^JGPx%PR_0Brd~?r&5B*M;K^C|ZVkTYV=6@xo|=mNl@Ir<%G2a-vf%quu{ST$?bWH+Tk"
    "pK~=au)}b}#&ZjiiWZ{BUY=$I&yF{10wn`h1j2Wl=^y3O`aMR^)og%A0x?p02a8u%sVhcNF}%&VJ5SOr(>^;wRIriZgl@+oq"
    "l_B6z0GhOexV%aN&~j1Bhfvvn3PXIo_C_~~?VB|QaYNRx^vn{p-iS)GlZtko7gHw({`8<tgn7qWGm{aCD67P8>yv+#m%D)tZ"
    "F0rNe9*sYyL7KUF;v;VV|GJ;>$?XelPr#At2|MTxeh3+#~oIO`bE9Pg<G1A<Uj#G`XC=u^lm_%hN`K!17a*E!xbicCXYALcH"
    "*_i%PdeO+2OQfR`@qjQjFKG)0X@J;ac!O3%=T!p?NwN6=>7y7`=yaZlZ*9f*@>Vo3E+U%Y^tQi^(u?D{YKDGk(zPnt>`%nEv"
    "=KnsYrlA4Z+&v*3xBw9GI##M+scj$Z>oKh+jp%$|JuJ^nWV`sy?p7wI^w-<kz_Z!lgWwrx<!*!Uk<&r^LP*Q+4Gw>o}$9Ni}"
    "*~qeUwBz+Hwy_(#aUzssBT}J%4P$KhTc<f8Krf0^O<q$gfw+E%*o9@&D6W^wMw7Ol+h6{~o$$um%56JN~&`E=G6i|2yTC=Ue"
    "a(x8vW@P^JFwyng@FE%-;;tv~90@Zgir(4n?_5%2A8?`R@E(a!L*Us`0N*`D3!9c|(MA79G-|Ni+8NE?LlhYXEtrT4Y}2OKj"
    "1_mJBh|DEkLUSE$EufG9ltB`>VfD!2$`Ul$bZ?FG@{|Egay2kw<zJ~oDX|w-dy?Akw?li;ni5Kr`rTx)1+FuzyH9>dkzv=Dc"
    "8{V7${ED_^|A3b||Ne>mzQxy{Yb0f10nD0iA=4l$;A1*{zmzhviTK!i3?eK3am6nO{n4;I9vlzL5jiZ&%6KFa2q}s`LcR=#{"
    "fa_Uo{t_r;UhVGEM*4`JD=0}R4~|-Tzrov(#{8fRW5R}N4nB;gec-%#IJUVJnR%{dU6nToD1<Gm(Fmn)cgP-;?C7_zYBk~R}"
    "$9lBI{fMyIFsqz{(=)T)n#4b0VvVtaIh*W=FgN8xUFNs!{M2*`UZeSA2r+bpjg_S?6j^@D<sx$T~+m!FRd9Mnu-R8ga8{MK-"
    "#0*1tkv$FG)oz{Nf%vT{>lIj0skd_%to%S(sPHNnc#V~-4oaA4`qXPe;Q(&3Ro5e_Xq_PHjwsl1#Mnb6xqBHUD8&RIxsZi1T"
    "%%sG(=Z621yX-kBi<NF#H{D=eo-!spQ>hWy4JWqAqK2MGcpMxI$8NL4Uy2nFbh)H)gPT;SAmU%cc%FgHK{ueX@);<"
)
CHECKPOINT_OLDER = (
    "c-oDXS&$P&7{@2cvPZZ<R`CMy%8IVJ4}=XWu<F191L}Az<7Cpw3?!L+Gd&9nMpuy|h<M+4Uw9wrldwMdVgV06>6_)7RaEJNR"
    "hE_|cK39aEY(}Z>~?nhnBVvPJKr%DJP@w@dw9*?i?<%xu&{qDxbC+Q`D}m`QRhgKRCjD_8+Jt-L5^$LH3*Oc>P)gzu`sS64b"
    "_U4UW4F%HB1)qXdP*;wG+7zYCuOsokkX2({?aSlY?rA%&Z!QPPs$vpbWcKhAz3o^IA6Pc~rLz69RIG&8l`0RUl{(Co0Im#0N"
    "LL-YFsn6<1jX4nwF<p_aPI*=YZEWR*=~%)qu|nEjfEt%@7g98~bEN>Rh8=Gu-n5)VUXB%*dv@5o8LjG)VZCA_9$>v)sD7=~_"
    "j7CDnk<WlKqI-beK;>j%ZFd;_WgRtB^gkkzdS&GO(IY34b!;FaBL4L>_!_1~h{hNhhwgPk1PUd96(p{Kq5)aHS^BfDgbTpQR"
    "d1hD+67qaPmV<lX0y(e;7Wk}Q3>PYJ5fdD130^3sWn+nS6fWkpOE~RPO1sRbU5;Uq0*jevG2gQ*#H@5S7tg{H&bpGbuA;1~e"
    "bzM?u2mqyUW@fRUae-;%32kX_~@HLZ6=pZ!gZXvlryiV%o}`WKZY9>h_aA7%N)@ih)s2YG2&*NBNH5%q{x(yOk>C>kX08jWX"
    "-E;1sxkEay9Je#x_)hoR8)av6e*XL_jP%$67X%io;FBT7XzvPOSCy`Bqk77*HVZHDIOMLtY{Gfc2t|b-0=B-x5*Dssy(-U=<"
    "6*R)(#X1FjmNfdXq9FlbK9V{lsoZYT4g>$wF6wd>fbl5}(6jt0m)-LQ@ktZl%$h%7Z=D8f?B#i$PJ1y`0$N8^cTHVYfLh>dL"
    "`6bzdb*v$MxJL;M~QieN4kW@OCiRaRAm+7a(-IG&7ZA*!JeDu8-?o;4?RyH_Va{-3MbP~w9IBel`Z8H6VHoET93m6Oqik=*3"
    "0E(DX2+w6w(Ik|(@N%1Ql2VoeTTP+ZbS#!i#iOu|2U&#&S(OG^%?H>R>I#4<)RRc&(&QH$4sbaDQ-J3KMlftwV23A@!Z<pGf"
    ">bI;Kv~$y73^wL@F0eU0uPB5kUEygB$MzkcVLV=@CbF_Q6I1y!($5U5i3Z?qR}W(u$Ke&aln2GX!?Ky7#>&PpeK`7@WfOKlC"
    "cCWsfW0NC)*S}h2d!ho)IfZWl~9+de3qPp5qQYPaSx{2fT>kB?Vp<D<I!sDnp9nD;)4D2OOq=*L=Y17~W9eP0v$j&|auJdQ~"
    "eswpVxItzme(0q;cAAnjugygQixMPd(2!U9Ql7v3AppFTmKlY{x+|2p+^@4lsb;eFOU5Mg{UIIw#3(67;h%NXA;<ysLL`Y0T"
    "cC6;x1)h#=E5k73Pf?w5lu!M(?nrypdJ4h$p^5Y?vNQPd=o}(8k2tH{twMDB`BE7PPEw=h;let&&TvFyf8&Z4e5o8ca6;#wF"
    "dGL9YH3g>Hg)fHTOHxl*%7u`pdu+2}yDsVVUk$_2$YA~t{{kj%0<p?dKrV)_huHr`yN2MKCT;h_wA~9DOhD9egQB(;5_QfFQ"
    "8$<->N=gGO5P<(Q(?sRh=M6B%FgMcQZ_?WJ!gs{e3qzK&lVN3Iid`mE2>=cM8#k}>JR!~ob=zBGvjo0^SQLy`*zFb=0NY!AI"
    "HZ^$HxDRuO2@w_YACDzvS4de|{Kfy(dXyc{*D2`gf`0Yj<@`?3YTVJRPn1Pm9p;?+-0s5#aOI-?O~Q>+NiN-tOgewC{CG=l7"
    "iNxt6VyCr%8|(QZrRlQf0@=g$8JJjvBA"
)
