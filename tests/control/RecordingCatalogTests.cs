using Broadcast.Control.Channels;
using Broadcast.Control.Recordings;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.OriginToControl;
using Broadcast.Testing;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class RecordingCatalogTests(PostgresFixture postgres)
{
    private static readonly ChannelName Demo = ChannelName.Parse("demo");

    [Fact]
    public async Task Recordings_and_clips_are_found_with_their_ranges()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres, new("Evening"));
        var session = await bench.SessionAsync(TimeSpan.FromMinutes(10));
        var clip = await bench.Recordings.ClipAsync(session.Value, new(RecordingPosition.Start, Title: "Goal"));
        await bench.LearnAsync();

        var whole = (await FindAsync(bench, session.Value)).ShouldNotBeNull();
        (whole with { Details = null }).ShouldBe(new RecordingRange(RecordingId.Of(session), Demo, session, null, null, "Evening"));
        var found = (await FindAsync(bench, clip.Id)).ShouldNotBeNull();
        (found with { Details = null }).ShouldBe(new RecordingRange(RecordingId.Parse(clip.Id), Demo, session, clip.StartsAt,
            clip.EndsAt, "Goal"));
        whole.Details.ShouldNotBeNull().Duration.ShouldBe(TimeSpan.FromMinutes(10));
        found.Details.ShouldBe(new RecordingDetails(clip.StartsAt!.Value, clip.EndsAt!.Value - clip.StartsAt.Value, IsListed: true));
        (await bench.Catalog.HasAnyAsync(Demo, session, default)).ShouldBeTrue();
        (await bench.Catalog.HasAnyAsync(ChannelName.Parse("other"), session, default)).ShouldBeFalse();
        (await bench.Catalog.HasAnyAsync(Demo, SessionId.Parse(clip.Id), default)).ShouldBeFalse();
    }

    [Fact]
    public async Task Private_recording_is_not_found_and_grants_no_access_to_media()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var session = await bench.SessionAsync(TimeSpan.FromMinutes(10));
        await bench.Recordings.SetAsync(session.Value, new(Visibility: "private"));

        (await FindAsync(bench, session.Value)).ShouldBeNull();
        (await bench.Catalog.HasAnyAsync(Demo, session, default)).ShouldBeFalse();

        var clip = await bench.Recordings.ClipAsync(session.Value, new(RecordingPosition.Start, Visibility: "unlisted"));
        await bench.LearnAsync($"recordings:{clip.Id}");
        (await FindAsync(bench, clip.Id)).ShouldNotBeNull();
        (await FindAsync(bench, session.Value)).ShouldBeNull();
        (await bench.Catalog.HasAnyAsync(Demo, session, default)).ShouldBeTrue();
    }

    [Fact]
    public async Task Public_recordings_are_listed_newest_first_in_pages()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var session = await bench.SessionAsync(TimeSpan.FromMinutes(10));
        bench.Rig.Clock.Advance(TimeSpan.FromMinutes(1));
        var unlisted = (await bench.Recordings.ClipAsync(session.Value, new(RecordingPosition.Start, Visibility: "unlisted"))).Id;
        bench.Rig.Clock.Advance(TimeSpan.FromMinutes(1));
        await bench.Recordings.ClipAsync(session.Value, new(RecordingPosition.Start, Visibility: "private"));
        var deleted = (await bench.Recordings.ClipAsync(session.Value, new(RecordingPosition.Start))).Id;
        await bench.Recordings.DeleteAsync(deleted);

        (await bench.Catalog.VisibleAsync(null, 10, default)).Select(recording => recording.Id.Value).ShouldBe([unlisted, session.Value]);
        var first = (await bench.Catalog.VisibleAsync(null, 1, default)).ShouldHaveSingleItem();
        var second = (await bench.Catalog.VisibleAsync(first.Id, 1, default)).ShouldHaveSingleItem();
        (first.Id.Value, second with { Details = null })
            .ShouldBe((unlisted, new RecordingRange(RecordingId.Of(session), Demo, session, null, null, "")));
        (first.Details?.IsListed, second.Details?.IsListed).ShouldBe((false, true));
        (await bench.Catalog.VisibleAsync(second.Id, 1, default)).ShouldBeEmpty();
        var changes = bench.Catalog.Changes;
        await bench.LearnAsync($"recordings:{unlisted}");
        bench.Catalog.Changes.ShouldBeGreaterThan(changes);
    }

    [Fact]
    public async Task Notified_changes_of_recordings_are_applied()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var session = await bench.SessionAsync(TimeSpan.FromMinutes(10));
        var clip = (await bench.Recordings.ClipAsync(session.Value, new(RecordingPosition.Start))).Id;
        (await FindAsync(bench, clip))!.Title.ShouldBe("");

        await bench.Recordings.SetAsync(clip, new("New"));
        (await FindAsync(bench, clip))!.Title.ShouldBe("", "nobody has told");
        await bench.LearnAsync($"recordings:{clip}");
        (await FindAsync(bench, clip))!.Title.ShouldBe("New");

        await bench.Recordings.DeleteAsync(clip);
        await bench.LearnAsync($"recordings:{clip}");
        (await FindAsync(bench, clip)).ShouldBeNull();
        (await FindAsync(bench, session.Value)).ShouldNotBeNull();

        await bench.Recordings.DeleteAsync(session.Value);
        await bench.LearnAsync($"recordings:{session}");
        (await FindAsync(bench, session.Value)).ShouldBeNull();
        bench.Catalog.Count.ShouldBe(0);
    }

    [Fact]
    public async Task Recordings_of_a_deleted_channel_are_removed_at_once()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var session = await bench.SessionAsync(TimeSpan.FromMinutes(10));
        (await FindAsync(bench, session.Value)).ShouldNotBeNull();
        var channel = await bench.ScalarAsync<long>("SELECT id FROM channels");
        await bench.LearnAsync($"channels:{channel}");
        bench.Catalog.Count.ShouldBe(1, "a change of the channel's title, say");

        await bench.Rig.Channels.DeleteAsync("demo");
        await bench.LearnAsync($"channels:{channel}");

        (await FindAsync(bench, session.Value)).ShouldBeNull();
        bench.Catalog.Count.ShouldBe(0);
    }

    [Fact]
    public async Task Recording_that_a_lookup_finds_during_the_deletion_of_its_channel_does_not_stay()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var session = await bench.SessionAsync(TimeSpan.FromMinutes(10));
        var channel = await bench.ScalarAsync<long>("SELECT id FROM channels");
        using var time = new PausingTimeProvider();
        var options = Options.Create(new ControlOptions { LookupTimeout = TimeSpan.FromSeconds(30) });
        using var catalog = new RecordingCatalog(bench.Rig.Database, options, time);
        await using var connection = await bench.Rig.Database.Source.OpenConnectionAsync();

        // The lookup has read the rows and is about to keep them.
        var lookup = Task.Run(async () => await catalog.FindAsync(RecordingId.Of(session), default));
        await time.WaitUntilPausedAsync();
        await bench.Rig.Channels.DeleteAsync("demo");
        var change = Task.Run(async () => await catalog.HandleAsync(connection, [new("channels", $"{channel}")], default));
        await LastStatementAsync(bench, connection.ProcessID);

        time.Resume();
        await lookup;
        await change;
        catalog.Count.ShouldBe(0);
        (await catalog.FindAsync(RecordingId.Of(session), default)).ShouldBeNull();
    }

    [Fact]
    public async Task Known_recordings_are_served_during_a_database_outage_and_unknown_ones_are_not_denied()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var session = await bench.SessionAsync(TimeSpan.FromMinutes(10));
        await bench.LearnAsync($"recordings:{session}");
        await bench.Rig.Database.DisposeAsync();

        (await FindAsync(bench, session.Value)).ShouldNotBeNull();
        (await bench.Catalog.HasAnyAsync(Demo, session, default)).ShouldBeTrue();
        var other = SessionId.New(bench.Rig.Clock.GetUtcNow());
        await Should.ThrowAsync<RecordingsUnavailableException>(async () => await FindAsync(bench, other.Value));
        await Should.ThrowAsync<RecordingsUnavailableException>(async () => await bench.Catalog.HasAnyAsync(Demo, other, default));
    }

    [Fact]
    public async Task Missing_recording_is_not_looked_up_again_for_a_moment_unless_notified()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var session = await bench.SessionAsync(TimeSpan.FromMinutes(10));
        (await FindAsync(bench, session.Value)).ShouldNotBeNull();
        var clip = new string('0', 26);
        (await FindAsync(bench, clip)).ShouldBeNull();
        await bench.ScalarAsync<string>($"""
            INSERT INTO recordings (id, channel_id, session_id, kind, title, visibility, created_at)
            SELECT '{clip}', channel_id, session_id, 'clip', '', 'public', created_at FROM recordings RETURNING id
            """);

        (await FindAsync(bench, clip)).ShouldBeNull();
        bench.Rig.Clock.Advance(TimeSpan.FromSeconds(6));
        (await FindAsync(bench, clip)).ShouldNotBeNull();

        var told = "1" + clip[1..];
        (await FindAsync(bench, told)).ShouldBeNull();
        await bench.ScalarAsync<string>($"""
            INSERT INTO recordings (id, channel_id, session_id, kind, title, visibility, created_at)
            SELECT '{told}', channel_id, session_id, 'clip', '', 'public', created_at FROM recordings WHERE kind = 'session' RETURNING id
            """);
        await bench.LearnAsync($"recordings:{told}");
        (await FindAsync(bench, told)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Newest_recordings_are_cached_and_older_ones_are_looked_up()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        await bench.ScalarAsync<long>("""
            WITH made AS (INSERT INTO sessions (id, channel_id, epoch, latency, started_at, ended_at, end_reason, recorded)
                SELECT lpad(g::text, 26, '0'), c.id, 1, 'low', c.created_at, c.created_at, 'over', true FROM channels c, generate_series(1,
                    2100) g RETURNING 1)
            SELECT count(*) FROM made
            """);
        await using (var connection = await bench.Rig.Database.Source.OpenConnectionAsync())
        {
            await bench.Catalog.LoadAsync(connection, default);
        }

        bench.Catalog.Count.ShouldBe(2000);
        (await FindAsync(bench, "2100".PadLeft(26, '0'))).ShouldNotBeNull();
        (await FindAsync(bench, "1".PadLeft(26, '0'))).ShouldNotBeNull();
        bench.Catalog.Count.ShouldBe(2001);
        (await FindAsync(bench, "1".PadLeft(26, '0'))).ShouldNotBeNull();
        bench.Catalog.Count.ShouldBe(2001);
    }

    [Fact]
    public async Task Changes_by_another_process_are_applied_shortly_after()
    {
        var options = await postgres.FreshAsync();
        await using var server = await Server.StartAsync(options.ConnectionString);
        var catalog = server.Get<IRecordingCatalog>();
        var created = await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var session = ((PublishDecision.Granted)await server.AskAsync(created.Key.StreamKey)).Grant.Session.Id;
        await Poll.UntilAsync(async () => await catalog.FindAsync(RecordingId.Of(session), default) is not null,
            description: "it is there soon after its session began");

        await using var command = await postgres.OpenAsync(options);
        await new RecordingRepository(command, TimeProvider.System).SetAsync(session.Value, new(Visibility: "private"));

        await Poll.UntilAsync(async () => await catalog.FindAsync(RecordingId.Of(session), default) is null);
        (await catalog.HasAnyAsync(Demo, session, default)).ShouldBeFalse();
    }

    private static ValueTask<RecordingRange?> FindAsync(RecordingHarness bench, string id) =>
        bench.Catalog.FindAsync(RecordingId.Parse(id), default);

    /// <summary>Waits until a connection has sent its last statement for now.</summary>
    private static async Task LastStatementAsync(RecordingHarness bench, int process)
    {
        var (last, same) = ("", 0);
        await Poll.UntilAsync(async () =>
        {
            var current = await bench.ScalarAsync<string>(
                $"SELECT state || ': ' || query || ' ' || state_change FROM pg_stat_activity WHERE pid = {process}");
            same = current == last && current.StartsWith("idle: ", StringComparison.Ordinal)
                && current.Contains("session_id", StringComparison.Ordinal) ? same + 1 : 0;
            last = current;
            return same == 5;
        });
    }

    /// <summary>A clock that stops its first reader until it is resumed.</summary>
    private sealed class PausingTimeProvider : TimeProvider, IDisposable
    {
        private readonly TaskCompletionSource _paused = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _resumed = new();

        public override long GetTimestamp()
        {
            if (_paused.TrySetResult())
            {
                _resumed.Wait();
            }

            return base.GetTimestamp();
        }

        public Task WaitUntilPausedAsync() => _paused.Task.WaitAsync(TimeSpan.FromSeconds(30));

        public void Resume() => _resumed.Set();

        public void Dispose() => _resumed.Dispose();
    }
}
