<div class="faces-page section-content-wrapper" data-form-security-token="{{$token|escape}}">
{{$nav}}
<h2>{{$title|escape}}</h2>
{{if $said}}<p role="status" class="faces-said">{{$said|escape}}</p>{{/if}}
{{if $running}}<p role="status" data-busy="1">{{$running|escape}}</p>{{/if}}
{{if $failure}}<p role="alert" class="faces-problem">{{$t.failed|escape}} {{$failure|escape}}</p>{{/if}}
<h3>{{$t.stored|escape}}</h3>
<table class="faces-table">{{foreach $counts as $what => $number}}<tr><th scope="row">{{$what|escape}}</th><td>{{$number|escape}}</td></tr>
{{/foreach}}</table>
{{if $kept}}<p>{{$t.kept|escape}}</p><ul>{{foreach $kept as $file}}<li>{{$file|escape}}</li>{{/foreach}}</ul>{{/if}}
<p>{{$t.photosStay|escape}}{{if $isWritten}} {{$t.written|escape}}{{/if}}</p>
{{if $isWanted}}
<form data-busy="1" class="faces-form" method="post" action="{{$here|escape}}"><input type="hidden" name="form_security_token" value="{{$token|escape}}"><input type="hidden" name="page" value="1"><button type="submit" class="btn btn-outline-primary" name="everything" value="1">{{$t.goOn|escape}}</button></form>
{{elseif !$isEmpty}}
<h3>{{$t.parts|escape}}</h3>
{{if $obstacle}}<p class="faces-reason">{{$t.needsPython|escape}} {{$obstacle|escape}}</p>{{/if}}
<form class="faces-form" method="post" action="{{$here|escape}}">
<input type="hidden" name="form_security_token" value="{{$token|escape}}"><input type="hidden" name="page" value="1">
{{foreach $parts as $kind => $some}}<fieldset><legend>{{$t.$kind|escape}}</legend>
{{foreach $some as $part}}<label class="faces-choice"><input type="checkbox" name="{{$kind|escape}}[]" value="{{$part.name|escape}}"{{if $obstacle}} disabled{{/if}}> {{$part.label|escape}} <span class="faces-cost">{{$part.count|escape}}</span>{{if $part.note}} <span class="faces-reason">{{$part.note|escape}}</span>{{/if}}</label>
{{/foreach}}</fieldset>
{{/foreach}}
<p><label class="faces-choice"><input type="checkbox" name="names" value="1"{{if $obstacle}} disabled{{/if}}> {{$t.names|escape}}</label></p>
<p><button type="submit" class="btn btn-outline-primary"{{if $obstacle}} disabled{{/if}}>{{$t.remove|escape}}</button></p>
</form>
<h3>{{$t.all|escape}}</h3>
<p>{{$t.about|escape}}</p>
<form class="faces-form" method="post" action="{{$here|escape}}">
<input type="hidden" name="form_security_token" value="{{$token|escape}}"><input type="hidden" name="page" value="1"><input type="hidden" name="everything" value="1">
<p><label class="faces-choice"><input type="checkbox" name="sure" value="1" required> {{$t.sure|escape}}</label></p>
<p><button type="submit" class="btn btn-danger">{{$t.all|escape}}</button></p>
</form>
{{/if}}
</div>
