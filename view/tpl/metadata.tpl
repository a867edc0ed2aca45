<div class="faces-page section-content-wrapper" data-form-security-token="{{$token|escape}}">
{{$nav}}
<h2>{{$title|escape}}</h2>
{{if $said}}<p role="status" class="faces-said">{{$said|escape}}</p>{{/if}}
{{if $busy}}<p role="status" data-busy="1">{{$busy|escape}}</p>{{/if}}
{{if $failure}}<p role="alert" class="faces-problem">{{$t.failed|escape}} {{$failure|escape}}</p>{{/if}}
<p>{{$t.about|escape}}</p>
<p>{{$t.fields|escape}} <strong>{{$t.private|escape}}</strong></p>
{{foreach $problems as $problem}}<p class="faces-problem" role="alert">{{$problem|escape}}</p>
{{/foreach}}
{{if $lack}}<p class="faces-problem">{{$lack|escape}}</p>{{/if}}
{{if $obstacle}}<p class="faces-reason">{{$obstacle|escape}}</p>{{/if}}
<form class="faces-form" method="post" action="{{$here|escape}}">
<input type="hidden" name="form_security_token" value="{{$token|escape}}"><input type="hidden" name="page" value="1">
{{foreach $fields as $field}}<p><label>{{$field.label|escape}} <select name="{{$field.name|escape}}">{{foreach $field.choices as $choice}}<option value="{{$choice.value|escape}}"{{if $choice.isChosen}} selected{{/if}}>{{$choice.label|escape}}</option>{{/foreach}}</select></label> <span class="faces-help">{{$field.help|escape}}</span></p>
{{/foreach}}
<p><button type="submit" class="btn btn-outline-primary">{{$t.save|escape}}</button></p>
</form>
<h3>{{$t.wouldBe|escape}}</h3>
{{if !$obstacle}}<form class="faces-run" method="post" action="{{$here|escape}}"><input type="hidden" name="form_security_token" value="{{$token|escape}}"><input type="hidden" name="page" value="1"><button type="submit" class="btn btn-outline-primary" name="preview" value="1">{{$t.preview|escape}}</button></form> <span class="faces-help">{{$t.aboutPreview|escape}}</span>{{/if}}
{{if $preview}}
<p>{{$preview.text|escape}} {{$preview.where|escape}}{{if $preview.isOld}} <strong>{{$t.old|escape}}</strong>{{/if}}</p>
{{if $preview.error}}<p class="faces-problem">{{$preview.error|escape}}</p>{{/if}}
{{if $preview.none}}<p>{{$preview.none|escape}}</p>{{/if}}
<div class="faces-would">
{{foreach $preview.photos as $photo}}<figure>{{if $photo.url}}<img src="{{$photo.url|escape}}" alt="" loading="lazy">{{/if}}
<figcaption><bdi>{{$photo.photo|escape}}</bdi><ul>{{foreach $photo.lines as $line}}<li><bdi>{{$line|escape}}</bdi></li>
{{/foreach}}</ul></figcaption></figure>
{{/foreach}}
</div>
{{/if}}
<h3>{{$t.names|escape}}</h3>
{{if $last}}
<p>{{$last.text|escape}}</p>
{{if $last.error}}<p class="faces-problem">{{$t.failed|escape}} {{$last.error|escape}}</p>{{/if}}
{{if $last.failed}}<details><summary>{{$last.failed|escape}}</summary><ul>{{foreach $last.problems as $line}}<li><bdi>{{$line|escape}}</bdi></li>
{{/foreach}}</ul></details>{{/if}}
{{if $last.left}}<details><summary>{{$t.left|escape}}</summary><ul>{{foreach $last.left as $line}}<li><bdi>{{$line|escape}}</bdi></li>
{{/foreach}}</ul></details>{{/if}}
{{else}}<p>{{$t.never|escape}}</p>{{/if}}
{{if !$obstacle}}<form class="faces-run" method="post" action="{{$here|escape}}"><input type="hidden" name="form_security_token" value="{{$token|escape}}"><input type="hidden" name="page" value="1">
{{if $mayWrite}}<p><button type="submit" class="btn btn-outline-primary" name="write" value="1">{{$t.write|escape}}</button></p>{{/if}}
{{if $mayUndo}}<p><button type="submit" class="btn btn-outline-primary" name="undo" value="1">{{$t.undo|escape}}</button> <span class="faces-help">{{$t.aboutUndo|escape}}</span></p>{{/if}}
</form>{{/if}}
</div>
