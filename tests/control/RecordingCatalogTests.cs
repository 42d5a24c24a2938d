using Broadcast.Control.Channels;
using Broadcast.Control.Database;
using Broadcast.Control.Recordings;
using Broadcast.Media;
using Broadcast.Media.Recordings;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class RecordingCatalogTests(PostgresFixture postgres)
{
    private static readonly ChannelName Demo = ChannelName.Parse("demo");

    [Fact]
    public async Task Recordings_and_clips_are_found_with_their_ranges()
    {
        await using var bench = await RecordingBench.OpenAsync(postgres, new("Evening"));
        var session = await bench.SessionAsync(TimeSpan.FromMinutes(10));
        var clip = await bench.Recordings.ClipAsync(session.Value, new(RecordingPosition.Start, Title: "Goal"));
        await bench.LearnAsync();

        (await FindAsync(bench, session.Value)).ShouldBe(new RecordingRange(RecordingId.Of(session), Demo, session, null, null, "Evening"));
        (await FindAsync(bench, clip.Id)).ShouldBe(new RecordingRange(RecordingId.Parse(clip.Id), Demo, session, clip.StartsAt, clip.EndsAt, "Goal"));
        (await bench.Catalog.HasAnyAsync(Demo, session, default)).ShouldBeTrue();
        (await bench.Catalog.HasAnyAsync(ChannelName.Parse("other"), session, default)).ShouldBeFalse();
        (await bench.Catalog.HasAnyAsync(Demo, SessionId.Parse(clip.Id), default)).ShouldBeFalse();
    }

    [Fact]
    public async Task What_is_private_is_not_there_and_opens_no_media()
    {
        await using var bench = await RecordingBench.OpenAsync(postgres);
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
    public async Task All_that_viewers_may_see_is_listed_newest_first_and_page_by_page()
    {
        await using var bench = await RecordingBench.OpenAsync(postgres);
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
        (first.Id.Value, second).ShouldBe((unlisted, new RecordingRange(RecordingId.Of(session), Demo, session, null, null, "")));
        (await bench.Catalog.VisibleAsync(second.Id, 1, default)).ShouldBeEmpty();
        var changes = bench.Catalog.Changes;
        await bench.LearnAsync($"recordings:{unlisted}");
        bench.Catalog.Changes.ShouldBeGreaterThan(changes);
    }

    [Fact]
    public async Task What_changes_is_heard_of()
    {
        await using var bench = await RecordingBench.OpenAsync(postgres);
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
    public async Task A_deleted_channels_recordings_are_gone_at_once()
    {
        await using var bench = await RecordingBench.OpenAsync(postgres);
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
    public async Task While_the_database_is_away_what_is_known_is_answered_and_the_rest_is_not_denied()
    {
        await using var bench = await RecordingBench.OpenAsync(postgres);
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
    public async Task What_is_not_there_is_not_asked_for_again_for_a_moment_unless_somebody_tells()
    {
        await using var bench = await RecordingBench.OpenAsync(postgres);
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
    public async Task Memory_holds_the_newest_and_old_ones_are_looked_up()
    {
        await using var bench = await RecordingBench.OpenAsync(postgres);
        await bench.ScalarAsync<long>("""
            WITH made AS (INSERT INTO sessions (id, channel_id, epoch, latency, started_at, ended_at, end_reason, recorded)
                SELECT lpad(g::text, 26, '0'), c.id, 1, 'low', c.created_at, c.created_at, 'over', true FROM channels c, generate_series(1, 2100) g RETURNING 1)
            SELECT count(*) FROM made
            """);
        await using (var connection = await bench.Rig.Database.Source.OpenConnectionAsync())
        {
            await bench.Catalog.RefreshAsync(connection, default);
        }

        bench.Catalog.Count.ShouldBe(2000);
        (await FindAsync(bench, "2100".PadLeft(26, '0'))).ShouldNotBeNull();
        (await FindAsync(bench, "1".PadLeft(26, '0'))).ShouldNotBeNull();
        bench.Catalog.Count.ShouldBe(2001);
        (await FindAsync(bench, "1".PadLeft(26, '0'))).ShouldNotBeNull();
        bench.Catalog.Count.ShouldBe(2001);
    }

    [Fact]
    public async Task A_change_by_another_process_counts_in_a_moment()
    {
        var options = await postgres.FreshAsync();
        await using var server = await Server.StartAsync(options.ConnectionString);
        var catalog = server.Get<IRecordingCatalog>();
        var created = await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var session = ((PublishDecision.Granted)await server.AskAsync(created.Key.StreamKey)).Grant.Session.Id;
        await Poll.UntilAsync(async () => await catalog.FindAsync(RecordingId.Of(session), default) is not null, description: "it is there soon after its session began");

        await using var command = await postgres.OpenAsync(options);
        await new RecordingRepository(command, TimeProvider.System).SetAsync(session.Value, new(Visibility: "private"));

        await Poll.UntilAsync(async () => await catalog.FindAsync(RecordingId.Of(session), default) is null);
        (await catalog.HasAnyAsync(Demo, session, default)).ShouldBeFalse();
    }

    private static ValueTask<RecordingRange?> FindAsync(RecordingBench bench, string id) => bench.Catalog.FindAsync(RecordingId.Parse(id), default);
}
