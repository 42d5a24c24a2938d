using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Publishing;
using Broadcast.Media.IngestToControl;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Row H53: floods of wrong keys.</summary>
public sealed class InvalidKeyTests(PostgresFixture postgres)
{
    [Fact]
    public async Task H53_Repeated_wrong_key_is_rejected_unread_for_a_minute_and_other_keys_are_not()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var good = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        _ = Secret.New(out var wrong);
        for (var i = 0; i < 10; i++)
        {
            (await rig.RefusedAsync(wrong)).Reason.ShouldBe(PublishRejectionReason.UnknownKey);
        }

        (await rig.RefusedAsync(wrong)).Reason.ShouldBe(PublishRejectionReason.TooManyAttempts);
        (await rig.RefusedAsync(wrong, "192.0.2.2")).Reason.ShouldBe(PublishRejectionReason.UnknownKey);
        await rig.LeaveAsync(await rig.GrantedAsync(good));   // never seen before, from the same address
        rig.Clock.Advance(TimeSpan.FromMinutes(1));
        (await rig.RefusedAsync(wrong)).Reason.ShouldBe(PublishRejectionReason.UnknownKey);
    }

    [Fact]
    public async Task H53_Flood_of_wrong_keys_is_rejected_unread_and_preloaded_keys_are_still_accepted()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var neverUsed = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        await using (var connection = await rig.Database.Source.OpenConnectionAsync())
        {
            await rig.Register.LoadAsync(connection, default);
        }

        var answers = await FloodAsync(rig, 1000, _ =>
        {
            Secret.New(out var wrong);
            return wrong;
        });

        answers.Count(a => a.Reason == PublishRejectionReason.UnknownKey).ShouldBe(100);
        answers.Count(a => a.Reason == PublishRejectionReason.TooManyAttempts).ShouldBe(900);
        await rig.LeaveAsync(await rig.GrantedAsync(neverUsed));
        (await rig.AskAsync(neverUsed, "192.0.2.2")).ShouldBeOfType<PublishDecision.Granted>();
    }

    [Fact]
    public async Task H53_Secret_guessing_for_a_known_id_is_limited_and_never_locks_its_encoder_out()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var good = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        await rig.LeaveAsync(await rig.GrantedAsync(good));

        var answers = await FloodAsync(rig, 300, i => string.Concat(good.AsSpan(0, 9), SecretOf(i)), i => $"198.51.100.{i % 250}");

        answers.Count(a => a.Reason == PublishRejectionReason.UnknownKey).ShouldBe(100);
        answers.Count(a => a.Reason == PublishRejectionReason.TooManyAttempts).ShouldBe(200);
        await rig.GrantedAsync(good);
    }

    [Fact]
    public async Task H53_Wrong_secret_and_unknown_key_get_the_same_response_and_no_secret_is_logged()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var good = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        _ = Secret.New(out var unknown);
        string[] secrets = [good[9..], unknown[9..]];
        var validPrefix = string.Concat(good.AsSpan(0, 9), unknown.AsSpan(9));

        (await rig.RefusedAsync(validPrefix)).ShouldBe(await rig.RefusedAsync(unknown));

        rig.Log.Lines.ShouldAllBe(line => !secrets.Any(line.Contains));
    }

    [Fact]
    public async Task Addresses_of_one_IPv6_network_are_counted_together()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        _ = Secret.New(out var wrong);
        for (var i = 1; i <= 10; i++)
        {
            await rig.RefusedAsync(wrong, $"2001:db8:1:2::{i:x}");
        }

        (await rig.RefusedAsync(wrong, "2001:db8:1:2:ffff::1")).Reason.ShouldBe(PublishRejectionReason.TooManyAttempts);
        (await rig.RefusedAsync(wrong, "2001:db8:1:3::1")).Reason.ShouldBe(PublishRejectionReason.UnknownKey);
    }

    [Fact]
    public async Task Server_preloads_all_keys_and_removes_revoked_ones()
    {
        var options = await postgres.FreshAsync();
        await using var database = await postgres.OpenAsync(options);
        var (channels, keys) = (new ChannelRepository(database, TimeProvider.System), new StreamKeys(database, TimeProvider.System));
        var before = (await channels.CreateAsync("before", new())).Key;
        var revoked = await keys.CreateAsync("before", StreamKeyRole.Guest);
        await keys.RevokeAsync("before", revoked.Key.Id);
        await using var server = await Server.StartAsync(options.ConnectionString);
        var register = server.Get<StreamKeyCache>();
        register.GetCached(before.Key.Id).ShouldNotBeNull().Channel.Value.ShouldBe("before");
        register.GetCached(revoked.Key.Id).ShouldBeNull();

        var after = (await channels.CreateAsync("after", new())).Key;
        await Broadcast.Testing.Poll.UntilAsync(() => register.GetCached(after.Key.Id) is not null);
        var rotated = await keys.RotateAsync("after");
        await Broadcast.Testing.Poll.UntilAsync(() => register.GetCached(after.Key.Id) is null
            && register.GetCached(rotated.Key.Id) is not null);
        await channels.DeleteAsync("after");
        await Broadcast.Testing.Poll.UntilAsync(() => register.GetCached(rotated.Key.Id) is null);
        register.GetCached(before.Key.Id).ShouldNotBeNull();
    }

    private static async Task<List<PublishDecision.Rejected>> FloodAsync(PublishHarness rig, int count, Func<int, string> key,
        Func<int, string>? address = null)
    {
        var answers = new List<PublishDecision.Rejected>();
        for (var i = 0; i < count; i++)
        {
            answers.Add(await rig.RefusedAsync(key(i), address?.Invoke(i) ?? "192.0.2.1"));
        }

        return answers;
    }

    private static string SecretOf(int number) => number.ToString("d32", System.Globalization.CultureInfo.InvariantCulture);
}
