using System.Text;
using Broadcast.Media;
using Broadcast.Media.ClusterToOrigin;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Live;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Tests.Live;

/// <summary>Servers that mirror a session render the same manifests as its owner, whenever they begin to follow it.</summary>
public sealed class SessionFeedTests
{
    private const int Schedules = 25;
    private const int Steps = 40;

    [Theory]
    [InlineData("low")]
    [InlineData("standard")]
    [InlineData("safe")]
    public void Mirrors_render_the_same_documents_as_the_owner(string latency)
    {
        for (var seed = 0; seed < Schedules; seed++)
        {
            var schedule = new Schedule(latency, seed);
            for (var step = 0; step < Steps; step++)
            {
                schedule.Step();
                schedule.Compare($"{latency}, schedule {seed}, step {step}");
            }
        }
    }

    [Fact]
    public void A_mirror_cannot_determine_the_visible_part()
    {
        var owner = new FakePackager().Video().Segments(3).Listen();
        using var feed = owner.Follow();
        var mirror = LiveSession.Restore(owner.Channel, owner.Id, feed.Snapshot, new ManualTimeProvider(FakePackager.Start));
        mirror.VisibleSince(FakePackager.Start.AddSeconds(2), null).ShouldBeNull();

        owner.VisibleSince(FakePackager.Start.AddSeconds(2), null).ShouldNotBeNull();
        feed.Batches.TryRead(out var batch).ShouldBeTrue();
        mirror.Append(batch);

        mirror.VisibleSince(FakePackager.Start.AddSeconds(2), null)!.VisibilityStart!.Segment.ShouldBe(2);
    }

    [Fact]
    public void A_follower_that_does_not_read_is_cut_off_and_the_owner_goes_on()
    {
        var packager = new FakePackager().Video();
        var owner = packager.Listen();
        using var feed = owner.Follow();
        for (var i = 0; i < LiveSession.MaxWaitingBatches + 1; i++)
        {
            packager.Segment(bytes: 10).NotifyTo(owner);
        }

        feed.CutOff.IsCancellationRequested.ShouldBeTrue();
        feed.Batches.Count.ShouldBe(LiveSession.MaxWaitingBatches);
        owner.Read((timeline, _) => timeline.LastSegment).ShouldBe(LiveSession.MaxWaitingBatches + 1);
    }

    [Fact]
    public void A_newer_session_of_its_own_differs_from_mirrors_and_sessions_without_media()
    {
        var (owner, channel) = (new FakePackager().Video().Segments(2).Listen(), ChannelName.Parse("demo"));
        using var feed = owner.Follow();
        var directory = new LiveDirectory(Options.Create(new OriginOptions()), TimeProvider.System, NullLogger<LiveDirectory>.Instance);
        IMirroredSessions mirrors = directory;
        mirrors.HasNewer(channel, FakePackager.First).ShouldBeFalse();
        mirrors.Restore(channel, FakePackager.First, feed.Snapshot);
        mirrors.HasNewer(channel, FakePackager.First).ShouldBeFalse("the session itself");

        var later = new FakePackager(FakePackager.Second).Video();
        directory.Append(channel, FakePackager.Second, [.. later.Events]);
        mirrors.HasNewer(channel, FakePackager.First).ShouldBeFalse("it has no media yet");
        later.Unsent.Clear();
        later.Segments(2);
        directory.Append(channel, FakePackager.Second, [.. later.Unsent]);
        mirrors.HasNewer(channel, FakePackager.First).ShouldBeTrue();
        mirrors.HasNewer(channel, FakePackager.Second).ShouldBeFalse();
        mirrors.Owns(channel, FakePackager.First).ShouldBeFalse();
    }

    [Theory]
    [InlineData("""{"renditions":null}""")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    public void A_malformed_snapshot_is_rejected(string projection)
    {
        using var feed = new FakePackager().Video().Segments(2).Listen().Follow();
        Should.Throw<InvalidDataException>(() => LiveSession.Restore(ChannelName.Parse("demo"), FakePackager.First,
            feed.Snapshot with { Projection = Encoding.UTF8.GetBytes(projection) }, TimeProvider.System));
        Should.Throw<InvalidDataException>(() => LiveSession.Restore(ChannelName.Parse("demo"), FakePackager.First,
            feed.Snapshot with { Checkpoint = [] }, TimeProvider.System));
    }

    /// <summary>A random session with an owner, and mirrors that join at random times and whose clocks are wrong.</summary>
    private sealed class Schedule
    {
        private readonly Random _random;
        private readonly ManualTimeProvider _clock = new(FakePackager.Start);
        private readonly FakePackager _packager;
        private readonly LiveSession _owner;
        private readonly List<(ISessionFeed Feed, LiveSession Session)> _mirrors = [];
        private int _inits = 1;
        private double _seconds;
        private int _sheets;
        private bool _isEnded;
        private DateTimeOffset? _visibleFrom;

        public Schedule(string latency, int seed)
        {
            _random = new Random(seed);
            _packager = new FakePackager(latency: LatencyProfile.Find(latency), rewind: seed % 3 == 0 ? TimeSpan.FromHours(1) : default,
                recorded: seed % 4 == 0) { KeyLength = 100 }.Video();
            if (seed % 2 == 0)
            {
                _packager.Audio(language: "en");
            }

            _owner = new LiveSession(_packager.Session, _clock);
            Send();
        }

        public void Step()
        {
            if (_isEnded)
            {
                return;
            }

            switch (_random.Next(20))
            {
                case 0:
                    _packager.Discontinuity(slate: _random.Next(2) == 0);
                    Segment();
                    break;
                case 1:
                    _packager.Change("source", format => format with { Width = 640 + (2 * _inits), Height = 360 });
                    _inits++;
                    Segment();
                    break;
                case 2:
                    _packager.Caption("source", _random.Next(2) == 0 ? "CC1" : "CC1 SERVICE1");
                    break;
                case 3 when _packager.Session.Latency.OffersParts:
                    _packager.Part("source", bytes: _random.Next(100, 9000));
                    Send();
                    _packager.Part("source", 1.7).Close("source");
                    if (_packager.Events.OfType<TimelineEvent.RenditionAdded>().Any(added => added.Rendition == "audio"))
                    {
                        _packager.Part("audio", 2).Close("audio");
                    }

                    _seconds += 2;
                    break;
                case 4:
                    _packager.Poster(_seconds);
                    break;
                case 5 or 6:
                    _packager.Sheet(10 * _sheets++);
                    break;
                case 7:
                    MoveWindow();
                    break;
                case 8 when _packager.Events.OfType<TimelineEvent.RenditionAdded>().Count() < 5:
                    _packager.Discontinuity();
                    break;
                case 9:
                    _packager.Gap("source", 2);
                    if (_packager.Events.OfType<TimelineEvent.RenditionAdded>().Any(added => added.Rendition == "audio"))
                    {
                        _packager.Gap("audio", 2);
                    }

                    _seconds += 2;
                    break;
                case 10 or 11 when _mirrors.Count < 4:
                    Join();
                    break;
                case 12:
                    _clock.Advance(TimeSpan.FromSeconds(_random.NextDouble() * 4));   // late media
                    break;
                case 13 when _visibleFrom is null && _seconds > 6:
                    _visibleFrom = FakePackager.Start.AddSeconds(_seconds - (_random.NextDouble() * 6));
                    break;
                case 14 when _random.Next(10) == 0:
                    _packager.End();
                    _isEnded = true;
                    break;
                default:
                    Segment();
                    break;
            }

            Send();
        }

        public void Compare(string where)
        {
            if (_mirrors.Count == 0)
            {
                return;
            }

            var expected = Documents(_owner);
            foreach (var (feed, session) in _mirrors)
            {
                Documents(session).ShouldBe(expected, where);
            }
        }

        private void Segment()
        {
            var seconds = _random.Next(4) == 0 ? 2 + _random.NextDouble() : 2;
            _clock.Advance(TimeSpan.FromSeconds(seconds));
            _packager.Segment(seconds, _random.Next(1000, 200_000), independent: _random.Next(20) > 0);
            _seconds += seconds;
        }

        private void MoveWindow()
        {
            var (first, last) = _owner.Read((timeline, _) => (timeline.FirstSegment, timeline.LastSegment));
            var next = first + _random.Next(1, 4);
            if (next >= last - 2)
            {
                return;
            }

            if (_packager.Session.HasDvrWindow || _packager.Session.IsRecorded)
            {
                _packager.IndexBlock(next);
            }
            else
            {
                _packager.Window(next);
            }
        }

        private void Send()
        {
            _packager.NotifyTo(_owner);
            if (_visibleFrom is { } from)
            {
                _owner.VisibleSince(from, null);
            }

            foreach (var (feed, session) in _mirrors)
            {
                while (feed.Batches.TryRead(out var batch))
                {
                    session.Append(batch with { Events = TimelineJson.ParseLines(JournalFile.Lines(batch.Events)) });
                }
            }
        }

        private void Join()
        {
            var feed = _owner.Follow();
            var snapshot = feed.Snapshot with { Checkpoint = TimelineJson.ParseLines(JournalFile.Lines(feed.Snapshot.Checkpoint)) };
            var clock = new ManualTimeProvider(_clock.GetUtcNow().AddMinutes(_random.Next(-5, 6)));
            _mirrors.Add((feed, LiveSession.Restore(_owner.Channel, _owner.Id, snapshot, clock)));
        }

        private Dictionary<string, string?> Documents(LiveSession session)
        {
            var documents = new Dictionary<string, string?>();
            Add("", session);
            if (_visibleFrom is { } from && session.VisibleSince(from, null) is { } visible)
            {
                Add("visible ", visible);
            }

            return documents;

            void Add(string prefix, LiveSession part)
            {
                var manifests = part.Manifests;
                documents[$"{prefix}multivariant"] = TextOf(manifests.MultivariantPlaylist());
                documents[$"{prefix}MPD"] = TextOf(manifests.SessionMpd());
                documents[$"{prefix}channel MPD"] = TextOf(manifests.ChannelMpd());
                documents[$"{prefix}images"] = TextOf(manifests.ImagePlaylist());
                documents[$"{prefix}thumbnails"] = TextOf(manifests.ThumbnailVtt(""));
                foreach (var rendition in new[] { "source", "audio" })
                {
                    documents[$"{prefix}{rendition}"] = TextOf(manifests.MediaPlaylist(rendition));
                    documents[$"{prefix}{rendition} delta"] = TextOf(manifests.MediaPlaylist(rendition, isDelta: true));
                    documents[$"{prefix}{rendition} keyframes"] = TextOf(manifests.IFramePlaylist(rendition));
                }
            }
        }

        private static string? TextOf(Broadcast.Origin.Delivery.Document? document) =>
            document is null ? null : Encoding.UTF8.GetString(document.Plain);
    }
}
