using System.Net;
using System.Security.Cryptography;
using System.Text;
using Broadcast.Control.Access;
using Broadcast.Control.AuthCallbacks;
using Broadcast.Media;
using Broadcast.Media.Viewers;
using Broadcast.Testing;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Channels whose viewers a webhook decides on.</summary>
public sealed class HookedViewerTests : IAsyncLifetime
{
    private const string Secret = "a-secret-of-the-webhook-32-chars";
    private static readonly IPAddress Home = IPAddress.Parse("203.0.113.5");
    private readonly ManualTimeProvider _clock = new();
    private readonly RememberedLog _log = new();
    private FakeWebhook _hook = null!;
    private ViewerAuthCallback _client = null!;
    private ViewerAuthCache _viewers = null!;

    public async ValueTask InitializeAsync()
    {
        _hook = await FakeWebhook.StartAsync();
        _client = new(Options.Create(new AuthorizationOptions { ViewerUrl = _hook.Address + "/view?key=k", Secret = Secret }), _clock, _log.For<ViewerAuthCallback>());
        _viewers = new(_client, _clock);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _hook.DisposeAsync();
    }

    [Fact]
    public async Task A_viewer_is_asked_about_once_and_remembered_for_as_long_as_the_answer_says()
    {
        _hook.Answer = FakeWebhook.Says("""{"allow":true,"seconds":30}""");
        for (var i = 0; i < 5; i++)
        {
            (await AskAsync("ticket")).ShouldBe(new(null, TimeSpan.FromSeconds(5)));
        }

        _hook.Asked.Count.ShouldBe(1);
        _clock.Advance(TimeSpan.FromSeconds(28));
        (await AskAsync("ticket")).CacheDuration.ShouldBe(TimeSpan.FromSeconds(2), "no edge may keep it longer than we");
        _clock.Advance(TimeSpan.FromSeconds(2));
        _hook.Answer = FakeWebhook.Says("", 403);
        (await AskAsync("ticket")).DenialReason.ShouldBe(ViewerDenialReason.Denied);
        _hook.Asked.Count.ShouldBe(2);
        _clock.Advance(TimeSpan.FromSeconds(9));
        (await AskAsync("ticket")).DenialReason.ShouldBe(ViewerDenialReason.Denied);
        _hook.Asked.Count.ShouldBe(2, "a no is remembered for 10 s");
        _clock.Advance(TimeSpan.FromSeconds(1));
        await AskAsync("ticket");
        _hook.Asked.Count.ShouldBe(3);
    }

    [Fact]
    public async Task Another_token_address_or_channel_is_another_viewer_and_the_rest_of_a_64_is_not()
    {
        _hook.Answer = FakeWebhook.Says("""{"allow":true}""");
        await AskAsync("ticket");
        await AskAsync("other");
        await AskAsync(null);
        await AskAsync("ticket", "198.51.100.1");
        await AskAsync("ticket", "2001:db8::1");
        await AskAsync("ticket", "2001:db8::ffff");
        await AskAsync("ticket", channel: "second");
        _hook.Asked.Count.ShouldBe(6);
    }

    [Fact]
    public async Task What_is_asked_is_signed_and_has_the_token_in_its_body_only()
    {
        _hook.Answer = FakeWebhook.Says("""{"allow":true}""");
        await AskAsync("ticket-17");

        var asked = _hook.Asked.Single();
        var (id, at) = (asked.Headers["webhook-id"].ToString(), asked.Headers["webhook-timestamp"].ToString());
        asked.Headers["webhook-signature"].ToString().ShouldBe("v1," + Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes($"{id}.{at}.{asked.Text}"))));
        (asked.Json.GetProperty("type").GetString(), asked.Json.GetProperty("channel").GetString(), asked.Json.GetProperty("token").GetString(), asked.Json.GetProperty("address").GetString())
            .ShouldBe(("view", "demo", "ticket-17", "203.0.113.5"));
        asked.Path.ShouldBe("/view?key=k");
        _log.Lines.ShouldAllBe(line => !line.Contains("ticket-17"));
    }

    [Fact]
    public async Task Many_who_want_to_know_at_once_wait_for_one_answer()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _hook.Answer = async http =>
        {
            await gate.Task;
            await FakeWebhook.Says("""{"allow":true}""")(http);
        };
        var asking = Enumerable.Range(0, 50).Select(_ => AskAsync("ticket").AsTask()).ToList();
        await Poll.UntilAsync(() => _hook.Asked.Count == 1, description: "the question");
        using var impatient = new CancellationTokenSource();
        var left = _viewers.AuthorizeAsync(new(ChannelName.Parse("demo"), "ticket", Home), impatient.Token);
        await impatient.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(async () => await left);
        gate.SetResult();

        (await Task.WhenAll(asking)).ShouldAllBe(v => v.IsAllowed);
        _hook.Asked.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("""{"allow":true}""", 500)]
    [InlineData("""{"allow":true}""", 302)]
    [InlineData("", 204)]
    [InlineData("""{"allow":"yes"}""", 200)]
    [InlineData("""{"allow":true,"allow":true}""", 200)]
    [InlineData("""{"allow":true,"seconds":0}""", 200)]
    [InlineData("""{"allow":true,"seconds":"60"}""", 200)]
    [InlineData("true", 200)]
    [InlineData("", 200)]
    public async Task Without_an_answer_that_counts_nobody_new_is_let_in(string body, int status)
    {
        _hook.Answer = FakeWebhook.Says(body, status);
        (await AskAsync("ticket")).ShouldBe(new(ViewerDenialReason.Unavailable, TimeSpan.Zero));
        (await AskAsync("ticket")).DenialReason.ShouldBe(ViewerDenialReason.Unavailable);
        _hook.Asked.Count.ShouldBe(1, "it is left alone for a moment");
        _clock.Advance(TimeSpan.FromSeconds(2));
        _hook.Answer = FakeWebhook.Says("""{"allow":true}""");
        (await AskAsync("ticket")).IsAllowed.ShouldBeTrue();
    }

    [Fact]
    public async Task An_answer_that_is_too_long_is_none()
    {
        _hook.Answer = FakeWebhook.Says("""{"allow":true,"x":" """ + new string('x', 5000) + "\"}");
        (await AskAsync("ticket")).DenialReason.ShouldBe(ViewerDenialReason.Unavailable);
    }

    [Fact]
    public async Task While_it_does_not_answer_who_was_let_in_before_goes_on_for_five_minutes()
    {
        _hook.Answer = FakeWebhook.Says("""{"allow":true,"seconds":10}""");
        await AskAsync("ticket");
        _hook.Answer = FakeWebhook.Says("", 503);
        _clock.Advance(TimeSpan.FromSeconds(10));
        (await AskAsync("ticket")).IsAllowed.ShouldBeTrue();
        _hook.Asked.Count.ShouldBe(2);
        (await AskAsync("stranger")).DenialReason.ShouldBe(ViewerDenialReason.Unavailable);
        _clock.Advance(ViewerAuthCache.GracePeriod);
        (await AskAsync("ticket")).DenialReason.ShouldBe(ViewerDenialReason.Unavailable);
    }

    [Fact]
    public async Task A_webhook_that_hangs_costs_its_time_and_no_more()
    {
        var hanging = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _hook.Answer = _ => hanging.Task;
        var asked = AskAsync("ticket").AsTask();
        await Poll.UntilAsync(() => _hook.Asked.Count == 1, description: "the question");
        _clock.Advance(TimeSpan.FromSeconds(3));
        (await asked).DenialReason.ShouldBe(ViewerDenialReason.Unavailable);
        hanging.SetResult();
    }

    [Fact]
    public async Task Edges_keep_no_answer_that_may_be_another_ones()
    {
        _hook.Answer = FakeWebhook.Says("""{"allow":true}""");
        var plain = ViewerToken.Sign("abcdefgh", new byte[32], ChannelName.Parse("demo"), _clock.GetUtcNow().AddHours(1), "jane", null);
        (await AskAsync(null)).ShouldBe(new(null, TimeSpan.Zero), "an edge keeps these by channel alone");
        (await AskAsync(plain)).ShouldBe(new(null, TimeSpan.Zero), "and these by token alone");
        (await AskAsync("ticket")).CacheDuration.ShouldBe(TimeSpan.FromSeconds(5));
        _hook.Answer = FakeWebhook.Says("", 401);
        (await AskAsync(null, "198.51.100.1")).ShouldBe(new(ViewerDenialReason.Denied, TimeSpan.Zero));
        (await AskAsync("bad", "198.51.100.1")).ShouldBe(new(ViewerDenialReason.Denied, TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task Who_tries_token_after_token_is_refused_unasked_and_those_who_are_known_there_are_not()
    {
        _hook.Answer = FakeWebhook.Says("""{"allow":true}""");
        await AskAsync("ticket");
        _hook.Answer = FakeWebhook.Says("", 403);
        for (var i = 0; i < 120; i++)
        {
            (await AskAsync($"guess-{i}")).DenialReason.ShouldBe(ViewerDenialReason.Denied);
        }

        _hook.Asked.Count.ShouldBe(101);
        (await AskAsync("ticket")).IsAllowed.ShouldBeTrue();
    }

    private ValueTask<ViewerDecision> AskAsync(string? token, string? address = null, string channel = "demo") =>
        _viewers.AuthorizeAsync(new(ChannelName.Parse(channel), token, address is null ? Home : IPAddress.Parse(address)), default);
}
