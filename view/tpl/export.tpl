<div class="faces-page section-content-wrapper" data-form-security-token="{{$token|escape}}">
{{$nav}}
<h2>{{$title|escape}}</h2>
{{if $said}}<p role="status" class="faces-said">{{$said|escape}}</p>{{/if}}
{{if $problem}}<p role="alert" class="faces-problem">{{$problem|escape}}</p>{{/if}}
<h3>{{$t.export|escape}}</h3>
<p>{{$t.aboutExport|escape}}</p>
<form class="faces-form" method="post" action="{{$own|escape}}/export" data-plain="1"><input type="hidden" name="form_security_token" value="{{$token|escape}}"><input type="hidden" name="page" value="1"><button type="submit" class="btn btn-outline-primary">{{$t.download|escape}}</button></form>
<h3>{{$t.import|escape}}</h3>
<p>{{$t.aboutImport|escape}}</p>
{{if $isWaiting}}<form data-busy="1" class="faces-form" method="post" action="{{$own|escape}}/import"><input type="hidden" name="form_security_token" value="{{$token|escape}}"><input type="hidden" name="page" value="1"><p role="status">{{$t.waiting|escape}} <button type="submit" class="btn btn-outline-primary" name="discard" value="1">{{$t.discard|escape}}</button></p></form>{{/if}}
{{if $report}}<p>{{$report.text|escape}}</p>{{if $report.left > 0}}<details><summary>{{$t.missing|escape}} {{$report.left}}</summary><ul>{{foreach $report.missing as $photo}}<li>{{$photo|escape}}</li>
{{/foreach}}</ul>{{if $report.hasMore}}<p>{{$t.more|escape}}</p>{{/if}}</details>{{/if}}{{/if}}
{{if $report && $report.unreadable}}<p class="faces-problem">{{$t.unreadable|escape}}</p><ul>{{foreach $report.unreadable as $folder}}<li>{{$folder|escape}}</li>
{{/foreach}}</ul>{{/if}}
{{if !$mayImport}}<p class="faces-reason">{{$t.noApp|escape}}</p>{{else}}
{{if $obstacle}}<p class="faces-reason">{{$t.noPython|escape}} {{$obstacle|escape}}</p>{{/if}}
<form class="faces-form" method="post" enctype="multipart/form-data" data-plain="1" action="{{$own|escape}}/import">
<input type="hidden" name="form_security_token" value="{{$token|escape}}"><input type="hidden" name="page" value="1">
<p><label>{{$t.file|escape}} <input type="file" name="file" accept=".zip,application/zip" required></label> <span class="faces-help">{{$largest|escape}}</span></p>
<p><label class="faces-choice"><input type="checkbox" name="settings" value="1"> {{$t.settings|escape}}</label></p>
<p><button type="submit" class="btn btn-outline-primary">{{$t.take|escape}}</button></p>
</form>
{{if $cloudFile}}
<form class="faces-form" method="post" action="{{$own|escape}}/import">
<input type="hidden" name="form_security_token" value="{{$token|escape}}"><input type="hidden" name="page" value="1"><input type="hidden" name="cloud" value="1">
<p><label class="faces-choice"><input type="checkbox" name="settings" value="1"> {{$t.settings|escape}}</label></p>
<p>{{$t.fromCloud|escape}} <code>{{$cloudName|escape}}</code> <button type="submit" class="btn btn-outline-primary">{{$t.take|escape}}</button></p>
</form>
{{else}}<p class="faces-help">{{$t.larger|escape}} <code>{{$cloudName|escape}}</code></p>{{/if}}
{{/if}}
</div>
