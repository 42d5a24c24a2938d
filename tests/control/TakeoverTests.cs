using Broadcast.Control.Identity;
using Broadcast.Control.Publishing;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>An encoder that connects while another one occupies its slot (rows H08, H55, F33 and F34 of the edge cases).</summary>
public sealed class TakeoverTests(PostgresFixture postgres)
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    /// <summary>Policy, required silence, actual silence, recent takeovers, timeout (seconds); then the result.</summary>
    public static TheoryData<string, double, double, int, double, string> Cases => new()
    {
        { "silent", 3, 0.0, 0, 2.5, "Reject" },
        { "silent", 3, 0.4, 0, 2.6, "Reject" },   // shorter than a pause
        { "silent", 3, 0.5, 0, 2.5, "Wait" },
        { "silent", 3, 0.5, 0, 2.4, "Reject" },   // longer than the timeout
        { "silent", 3, 2.9, 0, 0.1, "Wait" },
        { "silent", 3, 2.9, 0, 0.0, "Reject" },
        { "silent", 3, 3.0, 0, 0.0, "TakeOver" },
        { "silent", 3, 60, 99, 0.0, "TakeOver" },
        { "silent", 1, 0.1, 0, 2.5, "Reject" },   // the timeout would allow it, but the other one is healthy
        { "newest", 3, 0.0, 0, 2.5, "TakeOver" },
        { "newest", 3, 0.0, 2, 2.5, "TakeOver" },
        { "newest", 3, 0.0, 3, 2.5, "Reject" },   // two competing encoders
        { "newest", 3, 1.0, 3, 2.5, "Wait" },
        { "newest", 3, 3.0, 3, 2.5, "TakeOver" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Takeover_rules_decide_admission_H55(string policy, double limit, double silence, int recent, double timeout,
        string expected) =>
        new TakeoverRules(Enum.Parse<TakeoverPolicy>(policy, ignoreCase: true), limit * Second, MaxPerMinute: 3)
            .Evaluate(silence * Second, recent, timeout * Second).ToString().ShouldBe(expected);

    [Fact]
    public async Task Connection_silent_for_three_seconds_is_superseded_at_once_and_its_session_continues_H08_F33()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        var old = await rig.GrantedAsync(key);
        rig.Clock.Advance(10 * Second);
        old.State.ReportActivity(rig.Clock.GetTimestamp());
        rig.Clock.Advance(3 * Second);

        var newcomer = await rig.GrantedAsync(key);

        newcomer.Session.ShouldBe(old.Session);
        old.State.IsSuperseded.ShouldBeTrue();
        await Poll.UntilAsync(() => old.Revoked.IsCancellationRequested);
        newcomer.Revoked.IsCancellationRequested.ShouldBeFalse();

        await rig.LeaveAsync(old);   // its end is reported late, without effect
        rig.Clock.Advance(TimeSpan.FromMinutes(5));
        newcomer.State.ReportActivity(rig.Clock.GetTimestamp());
        (await rig.RefusedAsync(key)).Reason.ShouldBe(PublishRejectionReason.ChannelBusy);
        await rig.Book.WhenEndsNotifiedAsync();
        rig.Lifecycle.Ended.ShouldBeEmpty();
    }

    [Fact]
    public async Task Sending_encoder_stays_connected_and_the_rejection_reports_its_start_and_silence_F33()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        var first = await rig.GrantedAsync(key);
        rig.Clock.Advance(TimeSpan.FromMinutes(1));
        first.State.ReportActivity(rig.Clock.GetTimestamp());
        rig.Clock.Advance(TimeSpan.FromMilliseconds(400));

        var refusal = await rig.RefusedAsync(key);

        refusal.Reason.ShouldBe(PublishRejectionReason.ChannelBusy);
        refusal.Message.ShouldContain("since 12:00:00 UTC");
        refusal.Message.ShouldContain("0.4 s ago");
        refusal.Message.ShouldContain("silent for 3 s");
        first.Revoked.IsCancellationRequested.ShouldBeFalse();
    }

    [Fact]
    public async Task Encoder_waits_for_the_remaining_silence_instead_of_being_rejected_F33()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        var old = await rig.GrantedAsync(key);
        rig.Clock.Advance(Second);

        var entering = await EnterAsync(rig, key);
        rig.Clock.Advance(1.9 * Second);
        entering.IsCompleted.ShouldBeFalse();
        rig.Clock.Advance(0.2 * Second);

        ((AdmissionResult.Admitted)await entering.WaitAsync(Timeout)).Grant.Session.ShouldBe(old.Session);
        old.State.IsSuperseded.ShouldBeTrue();
    }

    [Fact]
    public async Task Waiting_encoder_is_rejected_if_the_other_resumes_and_accepted_once_it_leaves_F33()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        var first = await rig.GrantedAsync(key);
        rig.Clock.Advance(Second);
        var entering = await EnterAsync(rig, key);
        first.State.ReportActivity(rig.Clock.GetTimestamp());
        rig.Clock.Advance(2.1 * Second);
        (await entering.WaitAsync(Timeout)).ShouldBeOfType<AdmissionResult.Busy>().Silence.ShouldBeInRange(2 * Second, 2.1 * Second);

        rig.Clock.Advance(0.4 * Second);
        var again = await EnterAsync(rig, key);
        again.IsCompleted.ShouldBeFalse();
        await rig.LeaveAsync(first);
        (await again.WaitAsync(Timeout)).ShouldBeOfType<AdmissionResult.Admitted>();
    }

    [Fact]
    public async Task Cancelled_wait_is_a_rejection_with_its_reason_F33()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        await rig.GrantedAsync(key);
        rig.Clock.Advance(Second);
        using var impatient = new CancellationTokenSource();
        var entering = await EnterAsync(rig, key, impatient.Token);
        entering.IsCompleted.ShouldBeFalse();
        await impatient.CancelAsync();

        (await entering.WaitAsync(Timeout)).ShouldBeOfType<AdmissionResult.Busy>().Silence.ShouldBe(Second);
    }

    [Fact]
    public async Task Channel_has_its_own_takeover_timeout_and_zero_means_the_server_default_F33()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres, new() { TakeoverAfter = 2 * Second });
        var key = (await rig.Channels.CreateAsync("demo", new(TakeoverAfter: 20 * Second))).Key.StreamKey;
        await rig.GrantedAsync(key);
        rig.Clock.Advance(15 * Second);
        (await rig.RefusedAsync(key)).Message.ShouldContain("silent for 20 s");

        (await rig.Channels.SetAsync("demo", new(TakeoverAfter: TimeSpan.Zero))).TakeoverAfter.ShouldBe(TimeSpan.Zero);
        await rig.GrantedAsync(key);
    }

    [Fact]
    public async Task H55_F33_Newest_encoder_wins_if_configured_until_two_encoders_compete_repeatedly()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new(Takeover: "newest"))).Key.StreamKey;
        var last = await rig.GrantedAsync(key);
        for (var i = 0; i < 3; i++)
        {
            var next = await rig.GrantedAsync(key);
            (last.State.IsSuperseded, next.Session).ShouldBe((true, last.Session));
            last = next;
            rig.Clock.Advance(TimeSpan.FromMilliseconds(100));
        }

        (await rig.RefusedAsync(key)).Reason.ShouldBe(PublishRejectionReason.ChannelBusy);
        last.State.IsSuperseded.ShouldBeFalse();

        rig.Clock.Advance(TimeSpan.FromMinutes(1));
        last.State.ReportActivity(rig.Clock.GetTimestamp());
        await rig.GrantedAsync(key);
        last.State.IsSuperseded.ShouldBeTrue();
    }

    [Fact]
    public async Task Primary_and_backup_share_a_session_that_waits_when_both_have_left_F34()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var primaryKey = (await rig.Channels.CreateAsync("demo", new())).Key.StreamKey;
        var backupKey = (await rig.Keys.CreateAsync("demo", StreamKeyRole.Backup)).StreamKey;

        var (primary, backup) = (await rig.GrantedAsync(primaryKey), await rig.GrantedAsync(backupKey));

        (primary.Role, backup.Role, backup.Session).ShouldBe((InputRole.Primary, InputRole.Backup, primary.Session));
        (await rig.RefusedAsync(primaryKey)).Message.ShouldNotContain("backup");
        (await rig.RefusedAsync(backupKey)).Message.ShouldContain("as backup on channel demo");

        await rig.LeaveAsync(primary);
        rig.Clock.Advance(TimeSpan.FromMinutes(5));
        backup.State.ReportActivity(rig.Clock.GetTimestamp());
        (await rig.GrantedAsync(primaryKey)).Session.ShouldBe(backup.Session);
        await rig.Book.WhenEndsNotifiedAsync();
        rig.Lifecycle.Ended.ShouldBeEmpty();
    }

    [Fact]
    public async Task Session_ends_for_both_inputs_and_a_revoked_backup_key_leaves_the_primary_connected_F34()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var primaryKey = (await rig.Channels.CreateAsync("demo", new())).Key;
        var backupKey = (await rig.Keys.CreateAsync("demo", StreamKeyRole.Backup)).StreamKey;
        var (primary, backup) = (await rig.GrantedAsync(primaryKey.StreamKey), await rig.GrantedAsync(backupKey));

        rig.Book.DisconnectInvalidKeys(new HashSet<string> { primaryKey.Key.Id }, rig.Book.KeysInUse());
        await Poll.UntilAsync(() => backup.Revoked.IsCancellationRequested);
        (primary.Revoked.IsCancellationRequested, backup.State.IsSuperseded).ShouldBe((false, false));
        await rig.LeaveAsync(backup);
        await rig.LeaveAsync(primary);
        rig.Clock.Advance(TimeSpan.FromSeconds(60));
        await rig.Book.WhenEndsNotifiedAsync();

        rig.Lifecycle.Ended.ShouldHaveSingleItem();
        rig.Book.ChannelsInUse().ShouldBeEmpty();
    }

    [Fact]
    public async Task Session_ids_increase_across_restarts_even_if_the_clock_was_set_back()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new(ReconnectWindow: TimeSpan.Zero))).Key.StreamKey;
        var before = SessionId.New(rig.Clock.GetUtcNow() + TimeSpan.FromHours(3));

        rig.Book.StartAfter(before);
        var first = await rig.GrantedAsync(key);
        await rig.LeaveAsync(first);
        var second = await rig.GrantedAsync(key);

        first.Session.Id.ShouldBeGreaterThan(before);
        second.Session.Id.ShouldBeGreaterThan(first.Session.Id);
        first.Session.StartedAt.ShouldBe(rig.Clock.GetUtcNow(), "the broadcast begins when it begins");
    }

    /// <summary>Requests a slot without a prior database query, so the wait has begun when this method returns.</summary>
    private static async Task<Task<AdmissionResult>> EnterAsync(PublishHarness rig, string key,
        CancellationToken cancellationToken = default)
    {
        var record = (await rig.Register.FindAsync(key[..8], default)).Key!;
        return rig.Door.AdmitAsync(record, [], cancellationToken).AsTask();
    }
}
