<div class="faces-page faces-admin">
<button type="submit" name="action" value="save" class="faces-first" tabindex="-1" aria-hidden="true">{{$t.save|escape}}</button>
<input type="hidden" name="form_security_token" value="{{$token|escape}}">
{{if $said}}<p role="status" class="faces-said">{{$said|escape}}</p>{{/if}}
<h3>{{$t.selfcheck|escape}}</h3>
<p><strong>{{$verdict|escape}}</strong></p>
{{if $lack}}<p class="faces-problem">{{$lack|escape}}</p>{{/if}}
{{if $check.isRunning}}<p role="status"><progress value="{{$check.done}}" max="{{$check.total}}"></progress> {{$check.text|escape}}</p>
<p><button type="submit" class="btn btn-outline-primary" name="action" value="endcheck">{{$t.endCheck|escape}}</button></p>
{{else}}<p>{{$check.text|escape}} {{$check.python|escape}}</p>
{{if $check.failure}}<p role="alert" class="faces-problem">{{$t.failed|escape}} {{$check.failure|escape}}</p>{{/if}}
<p><button type="submit" class="btn btn-outline-primary" name="action" value="check">{{$t.check|escape}}</button></p>{{/if}}
{{foreach $engines as $kind => $rows}}
<div class="faces-scroll"><table class="faces-table faces-engines"><caption>{{$t.$kind|escape}}</caption>
<thead><tr><th scope="col">{{$t.allowed|escape}}</th><th scope="col">{{$t.works|escape}}</th><th scope="col">{{$t.memory|escape}}</th><th scope="col">{{$t.load|escape}}</th><th scope="col">{{$t.each|escape}}</th></tr></thead>
<tbody>{{foreach $rows as $row}}<tr><th scope="row"><label class="faces-choice"><input type="checkbox" name="{{$kind|escape}}[]" value="{{$row.name|escape}}"{{if $row.isAllowed}} checked{{/if}}> {{$row.name|escape}}</label></th><td class="faces-{{$row.state|escape}}">{{$row.works|escape}}{{if $row.reason}} <details><summary>{{$t.todo|escape}}</summary>{{$row.reason|escape}}</details>{{/if}}</td><td>{{$row.memory|escape}}</td><td>{{$row.load|escape}}</td><td>{{$row.each|escape}}</td></tr>
{{/foreach}}</tbody></table></div>
{{/foreach}}
{{if $versions}}<details><summary>{{$t.versions|escape}}</summary><table class="faces-table">{{foreach $versions as $package => $version}}<tr><th scope="row">{{$package|escape}}</th><td>{{$version|escape}}</td></tr>
{{/foreach}}</table></details>{{/if}}
<h3>{{$t.settings|escape}}</h3>
<p><label class="faces-choice"><input type="checkbox" name="experimental" value="1"{{if $settings.experimental}} checked{{/if}}> {{$t.experimental|escape}}</label></p>
<p><label class="faces-choice"><input type="checkbox" name="immediate" value="1"{{if $settings.immediate}} checked{{/if}}> {{$t.immediate|escape}}</label></p>
<p><label class="faces-choice"><input type="checkbox" name="block" value="1"{{if $settings.block}} checked{{/if}}> {{$t.block|escape}}</label></p>
<p><label>{{$t.interval|escape}} <input type="number" name="interval" value="{{$settings.interval}}" min="0" max="10080"></label></p>
<p><label>{{$t.ram|escape}} <input type="number" name="ram" value="{{$settings.ram}}" min="0" max="100"></label></p>
<p><label>{{$t.zoom|escape}} <input type="number" name="zoom" value="{{$settings.zoom}}" min="1" max="6"></label></p>
<p><label>{{$t.python|escape}} <input type="text" name="python" value="{{$settings.python|escape}}" maxlength="500"></label> <span class="faces-help">{{$t.used|escape}} {{$settings.pythonUsed|escape}}</span></p>
<p><button type="submit" class="btn btn-outline-primary" name="action" value="save">{{$t.save|escape}}</button></p>
<h3>{{$t.atWork|escape}}</h3>
{{if $running}}<ul>{{foreach $running as $line}}<li>{{$line|escape}}</li>{{/foreach}}</ul>
<p><button type="submit" class="btn btn-outline-primary" name="action" value="stop">{{$t.stop|escape}}</button></p>{{else}}<p>{{$t.nothing|escape}}</p>{{/if}}
<h3>{{$t.failure|escape}}</h3>
{{if $failures}}{{foreach $failures as $line}}<p class="faces-problem">{{$line|escape}}</p>{{/foreach}}{{else}}<p>{{$t.noFailure|escape}}</p>{{/if}}
<p class="faces-help">{{$t.log|escape}} <code>{{$settings.log|escape}}</code></p>
<h3>{{$t.usage|escape}}</h3>
<p>{{$usage.total|escape}}</p>
{{if $usage.channels}}<div class="faces-scroll"><table class="faces-table"><thead><tr><th scope="col">{{$t.channel|escape}}</th><th scope="col">{{$t.files|escape}}</th><th scope="col">{{$t.size|escape}}</th><th scope="col">{{$t.cached|escape}}</th></tr></thead>
<tbody>{{foreach $usage.channels as $channel}}<tr><th scope="row"><a href="{{$channel.url|escape}}">{{$channel.nick|escape}}</a> {{$channel.note|escape}}</th><td>{{$channel.files}}</td><td>{{$channel.bytes|escape}}</td><td>{{$channel.cached|escape}}</td></tr>
{{/foreach}}</tbody></table></div>{{/if}}
<h3>{{$t.removeAll|escape}}</h3>
<p>{{$t.aboutRemove|escape}}</p>
<p><label>{{$t.type|escape}} <input type="text" name="confirm" value="" autocomplete="off" maxlength="100"></label> <button type="submit" name="action" value="removeall" class="btn btn-danger">{{$t.remove|escape}}</button></p>
</div>
