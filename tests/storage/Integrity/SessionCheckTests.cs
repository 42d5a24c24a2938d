using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Broadcast.Storage.Integrity;
using Broadcast.Storage.Objects;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Storage.Tests.Integrity;

/// <summary>Faults planted in an intact session: each is detected and, where promised, repaired. The same for every store.</summary>
public abstract class SessionCheckContract : IAsyncLifetime
{
    private readonly TempFolder _folder = TempFolder.Create();

    /// <summary>Time of the check: objects have the age that their store reports, so the check runs later.</summary>
    private readonly ManualTimeProvider _later = new(TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(3));

    private IObjectStore _store = null!;
    private RetainedSession _session = null!;

    private protected DataFolder Data => new(_folder.Path);

    public async ValueTask InitializeAsync()
    {
        _store = Create();
        _session = new RetainedSession(TimeProvider.System.GetUtcNow());
        await _session.PutAsync(_store);
    }

    public async ValueTask DisposeAsync()
    {
        (_store as IDisposable)?.Dispose();
        await _folder.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private protected abstract IObjectStore Create();

    /// <summary>Changes bytes directly in the store, so that the checksum remains unchanged.</summary>
    private protected abstract Task FlipAsync(IObjectStore store, ObjectName name);

    [Fact]
    public async Task Intact_session_has_no_issues_and_every_object_is_verified_against_its_checksum()
    {
        var report = await CheckAsync(deep: true);

        report.Issues.ShouldBeEmpty();
        (report.Totals.Objects, report.Totals.Verified, report.Totals.Unverified).ShouldBe((_session.Announced, _session.Announced, 0));
    }

    [Theory]
    [InlineData("source/3.m4s", ObjectKind.Segment)]
    [InlineData("audio/9.m4s", ObjectKind.Segment)]
    [InlineData("source/init-1.mp4", ObjectKind.Init)]
    [InlineData("thumbnails/0.jpg", ObjectKind.SpriteSheet)]
    [InlineData("posters/18000.jpg", ObjectKind.Poster)]
    public async Task Missing_and_truncated_objects_are_found(string file, ObjectKind kind)
    {
        await _store.DeleteAsync([_session.Name(file)], default);
        One(await CheckAsync(), IntegrityIssueKind.Missing, file).ObjectKind.ShouldBe(kind);

        await _store.PutAsync(_session.Name(file), _session.BytesOf(_session.Name(file)).AsMemory(0, 100), PutCondition.Replace, default);
        One(await CheckAsync(), IntegrityIssueKind.WrongLength, file).ObjectKind.ShouldBe(kind);
    }

    [Fact]
    public async Task Flipped_bit_is_found_only_by_a_deep_check()
    {
        await FlipAsync(_store, _session.Name("source/4.m4s"));

        (await CheckAsync()).Issues.ShouldBeEmpty();
        One(await CheckAsync(deep: true), IntegrityIssueKind.Changed, "source/4.m4s");
    }

    [Fact]
    public async Task Unreferenced_object_is_an_orphan_once_it_is_old()
    {
        await _store.PutAsync(_session.Name("source/11.m4s"), new byte[50], PutCondition.CreateOnly, default);
        await _store.PutAsync(_session.Name("720p/3.m4s"), new byte[60], PutCondition.CreateOnly, default);

        (await CheckAsync(time: TimeProvider.System)).Issues.ShouldBeEmpty();
        var findings = (await CheckAsync()).Issues;
        findings.Select(finding => (finding.IssueKind, finding.Object))
            .ShouldBe([(IntegrityIssueKind.Orphan, _session.Name("720p/3.m4s")),
                (IntegrityIssueKind.Orphan, _session.Name("source/11.m4s"))]);
        findings.Sum(finding => finding.Bytes).ShouldBe(110);
    }

    [Fact]
    public async Task Missing_index_block_is_the_only_issue_and_its_segments_are_not_orphans()
    {
        await _store.DeleteAsync([_session.Name("chapters/1-6.chapter")], default);

        One(await CheckAsync(), IntegrityIssueKind.Missing, "chapters/1-6.chapter").ObjectKind.ShouldBe(ObjectKind.IndexBlock);
    }

    [Fact]
    public async Task List_of_index_blocks_belongs_to_the_session_while_any_journal_file_refers_to_it()
    {
        var (bytes, list) = IndexBlockListFile.Write(_session.Timeline);
        _session.Timeline.Apply(list).ShouldBeTrue();
        await _store.PutAsync(list.Object, bytes, PutCondition.CreateOnly, default);
        var names = ObjectNames.Of(RetainedSession.Channel, _session.Session.Id);
        await PutJournalAsync(2, _session.Timeline.JournalCheckpoint());
        var report = await CheckAsync(deep: true);
        report.Issues.ShouldBeEmpty();
        (report.Journal, report.Totals.Verified).ShouldBe((2, _session.Announced + 1));
        report.Timeline!.RetainedIndexBlocks.ShouldHaveSingleItem().Object.ShouldBe(_session.Name("chapters/1-6.chapter"));

        await PutJournalAsync(3, _session.Timeline.Checkpoint());
        (await CheckAsync()).Issues.ShouldBeEmpty("an older journal file refers to it");
        await _store.DeleteAsync([names.Journal(_session.Session.Epoch, 2)], default);
        var orphan = (await CheckAsync()).Issues.ShouldHaveSingleItem();
        (orphan.IssueKind, orphan.Object).ShouldBe((IntegrityIssueKind.Orphan, list.Object));

        await PutJournalAsync(4, _session.Timeline.JournalCheckpoint());
        var epoch = _session.Session.Epoch;
        await _store.DeleteAsync([names.Journal(0, 1), names.Journal(epoch, 3), list.Object], default);
        (await CheckAsync()).Issues.ShouldHaveSingleItem().IssueKind.ShouldBe(IntegrityIssueKind.UnreadableJournal);

        Task PutJournalAsync(long number, IReadOnlyList<TimelineEvent> checkpoint) => _store.PutAsync(
            names.Journal(_session.Session.Epoch, number),
            (byte[])[.. JournalFile.Preamble(RetainedSession.Channel, _session.Session.Id, _session.Session.Epoch, number, checkpoint),
                .. JournalFile.Trailer(JournalEnd.Ended)], PutCondition.CreateOnly, default);
    }

    [Fact]
    public async Task Session_without_a_journal_is_one_issue()
    {
        await _store.DeleteAsync([ObjectNames.Of(RetainedSession.Channel, _session.Session.Id).Journal(0, 1)], default);

        (await CheckAsync()).Issues.ShouldBeEmpty("the journal of another machine may be on its way");
        _later.Advance(TimeSpan.FromDays(1));
        var finding = (await CheckAsync()).Issues.ShouldHaveSingleItem();
        (finding.IssueKind, finding.Objects).ShouldBe((IntegrityIssueKind.NoJournal, _session.Announced));
    }

    [Fact]
    public async Task Repair_replaces_lost_segments_with_gaps_and_resolves_all_issues()
    {
        await _store.DeleteAsync([_session.Name("source/3.m4s"), _session.Name("source/6.m4s"), _session.Name("audio/9.m4s"),
            _session.Name("thumbnails/0.jpg")], default);

        var report = await CheckAsync();
        report.Issues.Count.ShouldBe(4);
        (await GapRepair.RunAsync(_store, SpoolSnapshot.Take(Data), report, default)).Count.ShouldBe(4);

        var after = await CheckAsync(deep: true);
        after.Issues.ShouldBeEmpty();
        var timeline = after.Timeline!;
        (timeline.IsEnded, timeline.Session.Epoch, after.Journal).ShouldBe((true, 2, 2));
        timeline.Find("audio")!.Find(9)!.ShouldSatisfyAllConditions(gap => gap.IsGap.ShouldBeTrue(),
            gap => gap.Duration.ShouldBe(new MediaTime(180_000, 90_000)));
        timeline.Find("audio")!.Find(10)!.Length.ShouldBe(1100);
        await using var content = await _store.OpenAsync(timeline.RetainedIndexBlocks.ShouldHaveSingleItem().Object, 0, null, default);
        var bytes = new byte[content!.Length];
        await content.Stream.ReadExactlyAsync(bytes);
        var indexBlock = IndexBlockFile.Read(bytes);
        indexBlock.SpriteSheets.ShouldBeEmpty();
        indexBlock.Renditions.Single(rendition => rendition.Name == "source").Segments.Where(segment => segment.IsGap)
            .Select(segment => segment.Number).ShouldBe([3, 6]);
        timeline.Period.ShouldNotBeNull().First.ShouldBe(7, "the video resumes after a gap: a new period");
    }

    private static IntegrityIssue One(SessionIntegrityReport report, IntegrityIssueKind fault, string file)
    {
        var finding = report.Issues.ShouldHaveSingleItem();
        (finding.IssueKind, finding.Object!.Value.Value[(ObjectNames.Of(report.Channel, report.Session).MediaFolder.Length)..]).ShouldBe(
            (fault, file));
        return finding;
    }

    private Task<SessionIntegrityReport> CheckAsync(bool deep = false, TimeProvider? time = null) =>
        new SessionCheck(_store, () => SpoolSnapshot.Take(Data), deep, time ?? _later).RunAsync(RetainedSession.Channel,
            _session.Session.Id, default);
}

public sealed class DiskSessionCheckTests : SessionCheckContract
{
    private protected override IObjectStore Create() => new DiskObjectStore(Path.Combine(Data.Path, "objects"), flush: false);

    private protected override async Task FlipAsync(IObjectStore store, ObjectName name)
    {
        var path = Path.Combine(Data.Path, "objects", name.Value);
        var bytes = await File.ReadAllBytesAsync(path);
        bytes[123] ^= 4;
        await File.WriteAllBytesAsync(path, bytes);
    }
}

public sealed class S3SessionCheckTests(CephFixture ceph) : SessionCheckContract
{
    private StorageOptions _options = new();

    private protected override IObjectStore Create() => ceph.Store(options => _options = options);

    private protected override async Task FlipAsync(IObjectStore store, ObjectName name)
    {
        using var client = S3Client.Create(_options, 4);
        var key = $"{_options.Prefix}/{name}";
        using var before = await client.GetObjectAsync(_options.Bucket, key);
        var bytes = new byte[before.ContentLength];
        await before.ResponseStream.ReadExactlyAsync(bytes);
        bytes[123] ^= 4;
        var request = new Amazon.S3.Model.PutObjectRequest { BucketName = _options.Bucket, Key = key, InputStream = new MemoryStream(bytes),
            UseChunkEncoding = false };
        foreach (var kept in before.Metadata.Keys)
        {
            request.Metadata[kept] = before.Metadata[kept];
        }

        await client.PutObjectAsync(request);
    }
}
