using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;

namespace Broadcast.Storage.Tests.Integrity;

/// <summary>
/// A recorded session of two renditions and ten segments of 2 s in a store, as left by a packager: six segments in an index block, four in
/// the live window, a sprite sheet in each, a poster, a journal.
/// </summary>
internal sealed class RetainedSession
{
    public const int Segments = 10;
    private const long InIndexBlock = 6;
    private static readonly string[] Renditions = ["source", "audio"];
    private readonly List<(ObjectName Name, byte[] Bytes)> _objects = [];

    public RetainedSession(DateTimeOffset now, bool isOver = true, bool isRecorded = true)
    {
        Session = new BroadcastSession(Channel, SessionId.New(now - TimeSpan.FromHours(2)), 1, now - TimeSpan.FromHours(2),
            LatencyProfile.Standard) { IsRecorded = isRecorded };
        Timeline = new SessionTimeline(Session);
        foreach (var rendition in Renditions)
        {
            var kind = rendition == "audio" ? TrackKind.Audio : TrackKind.Video;
            var init = Add($"{rendition}/init-1.mp4", 700);
            Timeline.Apply(new TimelineEvent.RenditionAdded(rendition, kind));
            Timeline.Apply(new TimelineEvent.InitReady(rendition, 1,
                new RenditionFormat(kind, "avc1.64001f", 90_000, 1280, 720, 25, 0, 0, null), init, 700));
            for (long number = 1; number <= Segments; number++)
            {
                var length = 1000 + ((int)number * 10);
                var name = Add($"{rendition}/{number}.m4s", length);
                Timeline.Apply(new TimelineEvent.PartReady(rendition, number, 0, 1, At(number), new(90_000, 90_000), true,
                    Session.StartedAt + At(number).ToTimeSpan(), name, 0, 400));
                Timeline.Apply(new TimelineEvent.PartReady(
                    rendition, number, 1, 1, At(number) + new MediaTime(90_000, 90_000), new(90_000, 90_000), false, Session.StartedAt,
                    name, 400, length - 400));
                Timeline.Apply(new TimelineEvent.SegmentClosed(rendition, number));
            }
        }

        foreach (var start in (long[])[0, 10_000])
        {
            Timeline.Apply(new TimelineEvent.SpriteSheetReady(new(start, 1000), new(10_000, 1000), new SpriteSheetLayout(5, 1, 320, 180),
                Add($"thumbnails/{start}.jpg", 3000), 3000));
        }

        Timeline.Apply(new TimelineEvent.PosterReady(new(18_000, 1000), 1280, 720, Add("posters/18000.jpg", 5000), 5000));
        var indexBlock = IndexBlock.Of(Timeline, InIndexBlock);
        var bytes = IndexBlockFile.Write(indexBlock);
        var indexBlockName = Name($"chapters/1-{InIndexBlock}.chapter");
        _objects.Add((indexBlockName, bytes));
        Timeline.Apply(indexBlock.Announce(indexBlockName, bytes.Length));
        if (isOver)
        {
            Timeline.Apply(new TimelineEvent.Ended("unpublished"));
        }

        byte[] journal = [.. JournalFile.Preamble(Channel, Session.Id, 1, 1, Timeline.Checkpoint()),
            .. JournalFile.Trailer(isOver ? JournalEnd.Ended : JournalEnd.Idle)];
        _objects.Add((ObjectNames.Of(Channel, Session.Id).Journal(0, 1), journal));
    }

    public static ChannelName Channel { get; } = ChannelName.Parse("main");

    public BroadcastSession Session { get; }

    public SessionTimeline Timeline { get; }

    public string Folder => ObjectNames.Of(Channel, Session.Id).MediaFolder;

    /// <summary>All objects except the journal.</summary>
    public int Announced => _objects.Count - 1;

    public ObjectName Name(string file) => ObjectName.Parse(Folder + file);

    public async Task PutAsync(IObjectStore store)
    {
        foreach (var (name, bytes) in _objects)
        {
            await store.PutAsync(name, bytes, PutCondition.CreateOnly, default);
        }
    }

    public byte[] BytesOf(ObjectName name) => _objects.Single(one => one.Name == name).Bytes;

    private static MediaTime At(long number) => new((number - 1) * 180_000, 90_000);

    private ObjectName Add(string file, int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        _objects.Add((Name(file), bytes));
        return Name(file);
    }
}
