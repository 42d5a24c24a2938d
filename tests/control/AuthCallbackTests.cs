using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Web;
using Broadcast.Control.AuthCallbacks;
using Broadcast.Media.IngestToControl;
using Broadcast.Testing;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Publishers authorized by an auth callback; row H54: misbehaving endpoints.</summary>
public sealed class AuthCallbackTests(PostgresFixture postgres)
{
    private const string Secret = "a-secret-of-the-webhook-32-chars";
    private static readonly PublishConnectInfo Target =
        new("live", "rtmp://203.0.113.7:1935/live", "http://a/b.swf", "http://a/p", "user=jane&pass=p%26q&name=other", IsEncrypted: true);

    /// <summary>The four formats with their positive and negative responses.</summary>
    public static TheoryData<string, string, int> Forms { get; } = new()
    {
        { "broadcast", """{"allow":true}""", 403 },
        { "nginx-rtmp", "", 403 },
        { "srs", "0", 400 },
        { "srs", """{"code":0,"data":null}""", 403 },
        { "mediamtx", "", 401 },
    };

    [Theory, MemberData(nameof(Forms))]
    public async Task Callback_in_every_format_can_accept_or_reject_a_valid_key(string form, string yes, int no)
    {
        await using var webhook = await FakeAuthCallback.StartAsync();
        await using var rig = await PublishHarness.OpenAsync(postgres, authorization: Options(webhook, form, "both"));
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        var secret = key[9..];

        webhook.Answer = FakeAuthCallback.Says("", no);
        (await rig.RefusedAsync(key)).Reason.ShouldBe(PublishRejectionReason.UnknownKey);
        webhook.Answer = FakeAuthCallback.Says(yes);
        (await rig.GrantedAsync(key)).Session.Channel.Value.ShouldBe("demo");
        (await rig.RefusedAsync("wrong")).Reason.ShouldBe(PublishRejectionReason.UnknownKey);

        webhook.Asked.Count.ShouldBe(2, "a wrong key is not passed on");
        webhook.Asked.ShouldAllBe(a => a.Method == "POST" && !a.Text.Contains(secret) && !a.Path.Contains(secret));
        rig.Log.Lines.ShouldAllBe(line => !line.Contains(secret));
    }

    [Theory, MemberData(nameof(Forms))]
    public async Task Callback_in_every_format_can_decide_alone_with_the_name_only_in_its_body(string form, string yes, int no)
    {
        await using var webhook = await FakeAuthCallback.StartAsync();
        await using var rig = await PublishHarness.OpenAsync(postgres, authorization: Options(webhook, form, "webhook"));
        await rig.Channels.CreateAsync("demo", new());

        webhook.Answer = FakeAuthCallback.Says("", no);
        (await rig.RefusedAsync("demo")).Reason.ShouldBe(PublishRejectionReason.UnknownKey);
        webhook.Answer = FakeAuthCallback.Says(yes);
        (await rig.RefusedAsync("nosuch")).Reason.ShouldBe(PublishRejectionReason.UnknownKey);
        (await rig.RefusedAsync("Not-A-Channel")).Reason.ShouldBe(PublishRejectionReason.UnknownKey);
        var grant = await rig.GrantedAsync("demo");

        grant.Session.Channel.Value.ShouldBe("demo");
        rig.Book.KeysInUse().ShouldBeEmpty("or it would be disconnected as revoked");
        webhook.Asked.ShouldAllBe(a => a.Path == "/publish?token=t" && a.Text.Length > 0);
        webhook.Asked.Last().Text.ShouldContain("demo");
        rig.Log.Lines.ShouldAllBe(line => !line.Contains("Not-A-Channel") && !line.Contains("token=t"));
    }

    [Fact]
    public async Task Broadcast_format_is_signed_and_can_name_or_create_a_channel_if_allowed()
    {
        await using var webhook = await FakeAuthCallback.StartAsync();
        webhook.Answer = FakeAuthCallback.Says("""{"allow":true,"channel":"fresh","create":true}""");
        await using var closed = await PublishHarness.OpenAsync(postgres, authorization: Options(webhook, "broadcast", "webhook"));
        await using var open = await PublishHarness.OpenAsync(postgres,
            authorization: Options(webhook, "broadcast", "webhook", o => o.CreateChannels = true));

        (await closed.RefusedAsync("secret.name")).Reason.ShouldBe(PublishRejectionReason.UnknownKey);
        var verdict = await open.AskAsync("secret.name", target: Target);

        verdict.ShouldBeOfType<PublishDecision.Granted>().Grant.Session.Channel.Value.ShouldBe("fresh");
        (await open.Channels.ListAsync()).ShouldHaveSingleItem().Name.ShouldBe("fresh");
        var asked = webhook.Asked.Last();
        var (id, at) = (asked.Headers["webhook-id"].ToString(), asked.Headers["webhook-timestamp"].ToString());
        var signed = Encoding.UTF8.GetBytes($"{id}.{at}.{asked.Text}");
        asked.Headers["webhook-signature"].ToString()
            .ShouldBe("v1," + Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), signed)));
        at.ShouldBe(open.Clock.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        (asked.Json.GetProperty("type").GetString(), asked.Json.GetProperty("name").GetString(),
            asked.Json.GetProperty("address").GetString()).ShouldBe(("publish", "secret.name", "192.0.2.1"));
        (asked.Json.GetProperty("query").GetString(), asked.Json.GetProperty("encrypted").GetBoolean()).ShouldBe((Target.Query, true));
    }

    [Fact]
    public async Task Broadcast_format_contains_key_id_and_channel_and_rejects_a_response_for_another_channel()
    {
        await using var webhook = await FakeAuthCallback.StartAsync();
        await using var rig = await PublishHarness.OpenAsync(postgres, authorization: Options(webhook, "broadcast", "both"));
        var key = (await rig.Channels.CreateAsync("demo", new())).Key;
        await rig.Channels.CreateAsync("other", new());

        webhook.Answer = FakeAuthCallback.Says("""{"allow":true,"channel":"other"}""");
        (await rig.RefusedAsync(key.StreamKey)).Reason.ShouldBe(PublishRejectionReason.UnknownKey);
        webhook.Answer = FakeAuthCallback.Says("""{"allow":false,"message":"Not today,\n Jane."}""");
        (await rig.RefusedAsync(key.StreamKey)).Message.ShouldBe("Not today, Jane.");

        var body = webhook.Asked.Last().Json;
        (body.GetProperty("channel").GetString(), body.GetProperty("keyId").GetString(),
            body.GetProperty("name").GetString()).ShouldBe(("demo", key.Key.Id, null));
    }

    [Fact]
    public async Task Nginx_rtmp_format_has_its_fields_and_encoder_arguments_cannot_override_them()
    {
        await using var webhook = await FakeAuthCallback.StartAsync();
        await using var rig = await PublishHarness.OpenAsync(postgres, authorization: Options(webhook, "nginx-rtmp", "webhook"));
        await rig.Channels.CreateAsync("demo", new());
        (await rig.AskAsync("demo", target: Target)).ShouldBeOfType<PublishDecision.Granted>();

        var asked = webhook.Asked.Single();
        asked.ContentType.ShouldBe("application/x-www-form-urlencoded");
        var fields = HttpUtility.ParseQueryString(asked.Text);
        fields.AllKeys
            .ShouldBe(["app", "flashver", "swfurl", "tcurl", "pageurl", "addr", "clientid", "call", "name", "type", "user", "pass"]);
        (fields["app"], fields["call"], fields["name"], fields["type"], fields["addr"],
            fields["pass"]).ShouldBe(("live", "publish", "demo", "live", "192.0.2.1", "p&q"));
        (fields["tcurl"], fields["swfurl"], fields["pageurl"],
            fields["flashver"]).ShouldBe((Target.TcUrl, Target.SwfUrl, Target.PageUrl, "test"));
    }

    [Theory]
    [InlineData("demo", "demo")]
    [InlineData("nosuch", null)]
    [InlineData("rtmp://203.0.113.9/live/demo", null)]
    [InlineData("http://169.254.169.254/latest/demo", null)]
    [InlineData("/demo", null)]
    [InlineData("DEMO", null)]
    public async Task Redirect_in_nginx_rtmp_format_is_interpreted_only_as_a_channel_name(string location, string? channel)
    {
        await using var webhook = await FakeAuthCallback.StartAsync();
        webhook.Answer = FakeAuthCallback.RedirectsTo(location);
        await using var rig = await PublishHarness.OpenAsync(postgres, authorization: Options(webhook, "nginx-rtmp", "webhook"));
        await rig.Channels.CreateAsync("demo", new());

        var verdict = await rig.AskAsync("some_secret");

        (verdict as PublishDecision.Granted)?.Grant.Session.Channel.Value.ShouldBe(channel);
        (verdict is PublishDecision.Granted).ShouldBe(channel is not null);
        webhook.Asked.Count.ShouldBe(1);
    }

    [Fact]
    public async Task SRS_format_has_its_members_and_reports_the_end()
    {
        await using var webhook = await FakeAuthCallback.StartAsync();
        webhook.Answer = FakeAuthCallback.Says("0");
        await using var rig = await PublishHarness.OpenAsync(postgres,
            authorization: Options(webhook, "srs", "webhook", o => o.DoneUrl = webhook.Address + "/done"));
        await rig.Channels.CreateAsync("demo", new());
        var grant = ((PublishDecision.Granted)await rig.AskAsync("demo", target: Target)).Grant;
        await rig.LeaveAsync(grant);
        await Poll.UntilAsync(() => webhook.Asked.Count == 2);

        var (begin, end) = (webhook.Asked.First().Json, webhook.Asked.Last());
        (begin.GetProperty("action").GetString(), begin.GetProperty("stream").GetString(),
            begin.GetProperty("app").GetString()).ShouldBe(("on_publish", "demo", "live"));
        (begin.GetProperty("ip").GetString(), begin.GetProperty("vhost").GetString(),
            begin.GetProperty("param").GetString()).ShouldBe(("192.0.2.1", "__defaultVhost__", "?" + Target.Query));
        (end.Path, end.Json.GetProperty("action").GetString()).ShouldBe(("/done", "on_unpublish"));
        end.Json.GetProperty("client_id").GetString().ShouldBe(begin.GetProperty("client_id").GetString());
    }

    [Fact]
    public async Task MediaMTX_format_has_its_members_and_takes_user_and_password_from_the_query()
    {
        await using var webhook = await FakeAuthCallback.StartAsync();
        await using var rig = await PublishHarness.OpenAsync(postgres, authorization: Options(webhook, "mediamtx", "webhook"));
        await rig.Channels.CreateAsync("demo", new());
        (await rig.AskAsync("demo", target: Target)).ShouldBeOfType<PublishDecision.Granted>();

        var body = webhook.Asked.Single().Json;
        (body.GetProperty("user").GetString(), body.GetProperty("password").GetString(),
            body.GetProperty("token").GetString()).ShouldBe(("jane", "p&q", ""));
        (body.GetProperty("action").GetString(), body.GetProperty("path").GetString(),
            body.GetProperty("protocol").GetString()).ShouldBe(("publish", "live/demo", "rtmp"));
        (body.GetProperty("ip").GetString(), body.GetProperty("query").GetString(),
            Guid.TryParse(body.GetProperty("id").GetString(), out _)).ShouldBe(("192.0.2.1", Target.Query, true));
    }

    [Fact]
    public async Task End_of_a_publication_and_rejection_after_the_callback_are_each_reported_once()
    {
        await using var webhook = await FakeAuthCallback.StartAsync();
        webhook.Answer = FakeAuthCallback.Says("""{"allow":true}""");
        await using var rig = await PublishHarness.OpenAsync(postgres,
            authorization: Options(webhook, "broadcast", "both", o => o.DoneUrl = webhook.Address + "/done"));
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        var grant = await rig.GrantedAsync(key);
        (await rig.RefusedAsync(key)).Reason.ShouldBe(PublishRejectionReason.ChannelBusy);
        await rig.LeaveAsync(grant);
        await rig.LeaveAsync(grant);
        await Poll.UntilAsync(() => webhook.Asked.Count(a => a.Path == "/done") == 2);

        var ends = webhook.Asked.Where(a => a.Path == "/done").Select(a => a.Json).ToList();
        ends.ShouldAllBe(e => e.GetProperty("type").GetString() == "publish_done");
        ends.Single(e => e.GetProperty("session").GetString() == grant.Session.Id.Value).GetProperty("reason").GetString()
            .ShouldBe("closed");
        ends.Count(e => e.GetProperty("session").GetString() is null).ShouldBe(1);
        ends.Select(e => e.GetProperty("id").GetString()).Order().ShouldBe(
            webhook.Asked.Where(a => a.Path != "/done").Select(a => a.Json.GetProperty("id").GetString()).Order());
    }

    [Fact]
    public async Task H54_Slow_callback_times_out_after_3_s_and_does_not_delay_other_publishers()
    {
        await using var webhook = await FakeAuthCallback.StartAsync();
        var release = new TaskCompletionSource();
        await using var rig = await PublishHarness.OpenAsync(postgres,
            authorization: Options(webhook, "broadcast", "both", o => (o.DoneUrl, o.MaxConcurrent) = (webhook.Address + "/done", 2)));
        var keys = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            keys.Add((await rig.Channels.CreateAsync($"c{i}", new())).Key.StreamKey);
        }

        webhook.Answer = FakeAuthCallback.Says("""{"allow":true}""");
        var running = await rig.GrantedAsync(keys[0]);
        webhook.Asked.Clear();
        webhook.Answer = async http => await release.Task.WaitAsync(http.RequestAborted);
        var waiting = keys[1..].Select(k => rig.AskAsync(k).AsTask()).ToList();
        await Poll.UntilAsync(() => webhook.Asked.Count == 2);   // at most two at a time: the others wait, with the same timeout
        await Poll.UntilAsync(() => rig.Clock.TimersDueIn(TimeSpan.FromSeconds(3)) == 4);   // lookups of keys have other timeouts

        await rig.LeaveAsync(running);
        rig.Book.End(rig.Book.ChannelsInUse().Single(), "by hand").ShouldBe(running.Session.Id);
        rig.Clock.Advance(TimeSpan.FromSeconds(2.9));
        waiting.ShouldAllBe(w => !w.IsCompleted);

        rig.Clock.Advance(TimeSpan.FromSeconds(0.1));
        await Poll.UntilAsync(() => waiting.TrueForAll(w => w.IsCompleted));
        (await Task.WhenAll(waiting)).ShouldAllBe(v => ((PublishDecision.Rejected)v).Reason == PublishRejectionReason.AuthorityUnavailable);
        release.SetResult();
    }

    /// <summary>Errors of an auth callback by format.</summary>
    public static TheoryData<string, string> Faults { get; } = new()
    {
        { "broadcast", "500" }, { "nginx-rtmp", "500" }, { "srs", "500" }, { "mediamtx", "500" },
        { "broadcast", "302" }, { "nginx-rtmp", "302" }, { "srs", "302" }, { "mediamtx", "302" },
        { "broadcast", "10 MB" }, { "srs", "10 MB" }, { "broadcast", "10 MB in chunks" }, { "srs", "10 MB in chunks" },
        { "broadcast", "not JSON" }, { "srs", "not JSON" }, { "broadcast", "[[[[" }, { "broadcast", "{}" }, { "srs", "{}" },
        { "broadcast", "closed" }, { "nginx-rtmp", "closed" }, { "srs", "closed" }, { "mediamtx", "closed" },
        { "broadcast", "down" }, { "mediamtx", "down" },
    };

    [Theory, MemberData(nameof(Faults))]
    public async Task H54_Failing_callback_rejects_publishers_unless_configured_to_accept_valid_keys(string form, string fault)
    {
        await using var webhook = await FakeAuthCallback.StartAsync();
        await using var other = await FakeAuthCallback.StartAsync();
        webhook.Answer = Misbehaving(fault, other.Address);
        var url = fault == "down" ? "http://127.0.0.1:1/" : webhook.Address;
        var options = Options(webhook, form, "both", o => o.Url = url);
        await using var rig = await PublishHarness.OpenAsync(postgres, authorization: options);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;

        (await rig.RefusedAsync(key)).Reason.ShouldBe(PublishRejectionReason.AuthorityUnavailable);
        options.FailOpen = true;
        (await rig.RefusedAsync("wrong")).Reason.ShouldBe(PublishRejectionReason.UnknownKey);
        await rig.LeaveAsync(await rig.GrantedAsync(key));
        (options.FailOpen, options.Policy) = (false, "webhook");
        (await rig.RefusedAsync("demo")).Reason.ShouldBe(PublishRejectionReason.AuthorityUnavailable);

        other.Asked.ShouldBeEmpty("redirects are not followed");
        rig.Log.Lines.ShouldContain(line => line.Contains("auth callback"));
    }

    [Fact]
    public async Task H54_Unverifiable_certificate_counts_as_no_response()
    {
        await using var webhook = await FakeAuthCallback.StartAsync(tls: true);
        await using var rig = await PublishHarness.OpenAsync(postgres, authorization: Options(webhook, "mediamtx", "both"));
        webhook.Address.ShouldStartWith("https://");

        (await rig.RefusedAsync((await rig.Channels.CreateAsync("demo", new())).Key.StreamKey)).Reason
            .ShouldBe(PublishRejectionReason.AuthorityUnavailable);
        webhook.Asked.ShouldBeEmpty();
    }

    [Fact]
    public async Task Repeatedly_rejected_names_are_no_longer_sent_to_the_callback_and_others_are()
    {
        await using var webhook = await FakeAuthCallback.StartAsync();
        webhook.Answer = http => FakeAuthCallback.Says("", webhook.Asked.Last().Text.Contains("name=wrong") ? 403 : 200)(http);
        await using var rig = await PublishHarness.OpenAsync(postgres, authorization: Options(webhook, "nginx-rtmp", "webhook"));
        await rig.Channels.CreateAsync("demo", new());
        for (var i = 0; i < 10; i++)
        {
            (await rig.RefusedAsync("wrong")).Reason.ShouldBe(PublishRejectionReason.UnknownKey);
        }

        (await rig.RefusedAsync("wrong")).Reason.ShouldBe(PublishRejectionReason.TooManyAttempts);
        webhook.Asked.Count.ShouldBe(10);
        await rig.GrantedAsync("demo");
    }

    [Fact]
    public async Task End_notifications_above_the_queue_limit_are_dropped_and_logged()
    {
        await using var webhook = await FakeAuthCallback.StartAsync();
        webhook.Answer = async http => await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, http.RequestAborted);
        await using var rig = await PublishHarness.OpenAsync(postgres,
            authorization: Options(webhook, "srs", "webhook", o => o.DoneUrl = webhook.Address));
        var asked = AuthCallbackEvent.PublishRequestOf(new("name", new IPEndPoint(IPAddress.Loopback, 1), ""), null, rig.Clock.GetUtcNow());
        for (var i = 0; i < AuthCallbackNotifier.MaxWaiting + 100; i++)
        {
            rig.Notices.NotAdmitted(asked, "for the test");
        }

        rig.Log.Lines.Count(l => l.Contains("dropping another one")).ShouldBeInRange(80, 100);
    }

    private static RequestDelegate Misbehaving(string fault, string elsewhere) => fault switch
    {
        "500" => FakeAuthCallback.Says("""{"allow":true,"code":0}""", 500),
        "302" => FakeAuthCallback.RedirectsTo(elsewhere + "/latest/meta-data"),
        "10 MB" => async http =>
        {
            http.Response.ContentLength = 10_000_000;
            await http.Response.Body.WriteAsync(new byte[100_000]);
        },
        "10 MB in chunks" => async http =>
        {
            await http.Response.WriteAsync("""{"allow":true,"code":0,"more":""");
            for (var i = 0; i < 100 && !http.RequestAborted.IsCancellationRequested; i++)
            {
                await http.Response.WriteAsync(new string(' ', 100_000));
            }
        },
        "closed" => http =>
        {
            http.Abort();
            return Task.CompletedTask;
        },
        _ => FakeAuthCallback.Says(fault),
    };

    private static AuthorizationOptions Options(FakeAuthCallback webhook, string form, string policy,
        Action<AuthorizationOptions>? change = null)
    {
        var options = new AuthorizationOptions { Policy = policy, Format = form, Url = webhook.Address + "/publish?token=t",
            Secret = Secret };
        change?.Invoke(options);
        options.Validate().ShouldBeEmpty();
        return options;
    }
}
