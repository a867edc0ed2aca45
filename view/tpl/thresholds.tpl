<div class="faces-page section-content-wrapper" data-form-security-token="{{$token|escape}}">
{{$nav}}
<h2>{{$title|escape}}</h2>
{{if $said}}<p role="status" class="faces-said">{{$said|escape}}</p>{{/if}}
<p>{{$t.about|escape}}</p>
{{if $isMeasuring}}<p role="status" data-busy="1">{{$t.measuring|escape}}</p>{{/if}}
{{if $failure}}<p role="alert" class="faces-problem">{{$t.failed|escape}} {{$failure|escape}}</p>{{/if}}
{{if $obstacle}}<p class="faces-reason">{{$obstacle|escape}}</p>{{else}}
<form class="faces-run" method="post" action="{{$here|escape}}"><input type="hidden" name="form_security_token" value="{{$token|escape}}"><input type="hidden" name="page" value="1"><button type="submit" class="btn btn-outline-primary" name="measure" value="1">{{$t.measure|escape}}</button></form> {{$measured|escape}}{{if $isOld && !$isMeasuring}} <strong>{{$t.old|escape}}</strong>{{/if}}
{{/if}}
<form class="faces-form" method="post" action="{{$here|escape}}" data-preview="preview">
<input type="hidden" name="form_security_token" value="{{$token|escape}}"><input type="hidden" name="page" value="1">
{{foreach $models as $model => $cuts}}
<h3>{{$model|escape}}</h3>
{{foreach $cuts as $cut}}
{{if !$cut.isUsed && !$cut.change}}<details><summary>{{$cut.metric|escape}}</summary>{{/if}}
<p><label>{{$cut.metric|escape}}{{if $cut.isUsed}} ({{$t.used|escape}}){{/if}} <input type="number" name="{{$cut.field|escape}}" value="{{$cut.value|escape}}" min="{{$cut.least|escape}}" max="{{$cut.greatest|escape}}" step="any"></label>
<span class="faces-help">{{$t.default|escape}}: {{$cut.default|escape}} ({{$cut.least|escape}} – {{$cut.greatest|escape}})</span>
<strong class="faces-change" data-change="{{$cut.field|escape}}">{{$cut.change|escape}}</strong></p>
{{if $cut.bars}}
<figure class="faces-cut" data-field="{{$cut.field|escape}}" data-default="{{$cut.default|escape}}"><svg viewBox="0 -2 200 104" preserveAspectRatio="none" role="img" aria-label="{{$cut.text|escape}}">
{{foreach $cut.bars as $bar}}<rect class="faces-{{$bar.kind|escape}}" x="{{$bar.x}}" y="{{$bar.y}}" width="{{$bar.width}}" height="{{$bar.height}}"/>
{{/foreach}}<line class="faces-default" x1="100" x2="100" y1="-2" y2="102"/><line class="faces-here" x1="{{$cut.place}}" x2="{{$cut.place}}" y1="-2" y2="102"/></svg>
<div class="faces-axis" aria-hidden="true">{{foreach $cut.axis as $number}}<span>{{$number|escape}}</span>{{/foreach}}</div>
<figcaption><span class="faces-key faces-same"></span> {{$t.same|escape}} <span class="faces-key faces-different"></span> {{$t.different|escape}}. {{$cut.text|escape}}</figcaption></figure>
{{elseif $cut.isUsed}}<p class="faces-help">{{$t.unmeasured|escape}}</p>
{{/if}}
{{if !$cut.isUsed && !$cut.change}}</details>{{/if}}
{{/foreach}}
{{/foreach}}
<p><button type="submit" class="btn btn-outline-primary" name="preview" value="1">{{$t.preview|escape}}</button> <button type="submit" class="btn btn-outline-primary">{{$t.save|escape}}</button></p>
</form>
</div>
