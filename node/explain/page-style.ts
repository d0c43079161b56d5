/** How a page looks: dark text on light, one column, legible at small size, good on paper. */
export const PAGE_STYLE = `
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0;background:#f4f6f8;color:#1c2330;font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:940px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:24px;line-height:1.25;margin:0;overflow-wrap:anywhere}
h2{font-size:17px;margin:34px 0 10px}
h3{font-size:14px;margin:0}
.sub{margin:4px 0 0;color:#3d4757;overflow-wrap:anywhere}
.note{color:#3d4757;font-size:12.5px}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;margin-top:18px}
.figure{background:#fff;border:1px solid #d5dbe3;border-radius:8px;padding:10px 14px;display:flex;flex-direction:column}
.figure .label{font-size:12.5px;color:#3d4757}
.figure .value{font-size:22px;font-weight:650;font-variant-numeric:tabular-nums}
.advice{background:#fff;border:1px solid #d5dbe3;border-left:4px solid #2b5c8f;border-radius:8px;margin:0;padding:10px 14px 10px 30px}
.advice li{margin:3px 0}
table{border-collapse:collapse;background:#fff;border:1px solid #d5dbe3;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:5px 9px;text-align:left;vertical-align:top;border-bottom:1px solid #e6eaef}
thead th{font-size:12.5px;color:#3d4757;font-weight:600;background:#fafbfc;white-space:nowrap}
tbody th{font-weight:600}
.number{text-align:right;white-space:nowrap}
.strong{font-weight:650}
.words{color:#3d4757;font-size:13.5px}
.bar{display:block;width:150px;height:12px;margin-top:5px;background:#eef1f5;border-radius:3px}
.bar i{display:block;height:100%;background:#c8672a;border-radius:3px}
.wide{overflow-x:auto}
.prompts{font-size:13px}
.kind{white-space:nowrap}
.text{min-width:250px}
.fault{color:#98240f;font-weight:600}
article{background:#fff;border:1px solid #d5dbe3;border-radius:8px;padding:14px 16px;margin:12px 0;break-inside:avoid}
article img{display:block;width:100%;max-width:760px;height:auto;margin:8px auto 0}
.line{display:flex;justify-content:space-between;align-items:center;gap:12px}
.score{font-weight:650;font-size:17px;padding:1px 10px;border-radius:6px;border:1px solid #d5dbe3;font-variant-numeric:tabular-nums}
.said{margin:6px 0;font-size:15.5px}
.chips{display:flex;flex-wrap:wrap;gap:6px;margin:6px 0}
.chip{font-size:12.5px;padding:1px 8px;border-radius:10px;border:1px solid #d5dbe3;font-variant-numeric:tabular-nums}
audio{display:block;width:100%;height:38px;margin-top:6px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:3px 16px;background:#fff;border:1px solid #d5dbe3;border-radius:8px;padding:12px 16px;margin:0;font-size:13px}
dt{color:#3d4757}
dd{margin:0;overflow-wrap:anywhere;font-family:ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace;font-size:12.5px}
`;
