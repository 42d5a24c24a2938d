using Broadcast.Ingest.Publishing;
using Broadcast.Ingest.Tests.Rtmp;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Publishing;

public sealed class PublishingTests
{
    private static readonly Track Video = new(1, CodecConfig.Avc.Parse(Wire.AvcRecord), 90_000);
    private static readonly Track Audio = new(2, CodecConfig.Aac.Parse(Wire.AacRecord), 48_000);

    [Theory]
    [InlineData(true, true, null, null, 0, 0, true)]
    [InlineData(false, false, null, null, 9, 9, false)]
    [InlineData(true, false, null, null, 0.9, 1.9, false)]
    [InlineData(true, false, null, null, 1.0, 0, true)]
    [InlineData(true, false, null, null, 0, 2.0, true)]
    [InlineData(true, false, true, false, 0, 0, true)]
    [InlineData(false, true, true, false, 0, 0, false)]
    [InlineData(false, true, false, true, 0, 0, true)]
    [InlineData(true, false, true, true, 0, 0, false)]
    public void Publication_starts_once_its_tracks_are_known(
        bool video, bool audio, bool? expectsVideo, bool? expectsAudio, double media, double waited, bool ready) =>
        new PendingPublication(video, audio, expectsVideo, expectsAudio, TimeSpan.FromSeconds(media), TimeSpan.FromSeconds(waited), 0,
            0).IsReady.ShouldBe(ready);

    [Theory]
    [InlineData(511, 0, false)]
    [InlineData(512, 0, true)]
    [InlineData(1, 16 * 1024 * 1024, true)]
    public void Held_back_samples_are_bounded(int samples, long bytes, bool ready) =>
        new PendingPublication(true, false, null, null, default, default, samples, bytes).IsReady.ShouldBe(ready);

    [Fact]
    public void Audio_only_publication_starts_after_a_second_and_late_video_appears_in_the_samples()
    {
        var session = new SessionHarness();
        session.Feeds([.. Wire.Opening(), .. Wire.AudioConfiguration()]);
        uint time = 0;
        for (; session.Publication is null; time += 21)
        {
            session.Feeds(Wire.Audio(time));
        }

        time.ShouldBeInRange(900u, 1100u);
        session.Publication.Tracks.ShouldHaveSingleItem().Kind.ShouldBe(TrackKind.Audio);
        session.Feeds([.. Wire.VideoConfiguration(), .. Wire.Frame(time, true)]);
        session.Samples()[^1].Track.Kind.ShouldBe(TrackKind.Video);
    }

    [Fact]
    public void Short_publication_is_forwarded_when_it_ends()
    {
        var session = new SessionHarness();
        session.Feeds([.. Wire.Opening(), .. Wire.AudioConfiguration(), .. Wire.Audio(0)]);
        session.Publication.ShouldBeNull();
        session.Feed!.Complete();
        session.Samples().ShouldHaveSingleItem();
        session.Publication!.Samples.Completion.IsCompletedSuccessfully.ShouldBeTrue();
    }

    [Fact]
    public void Full_queue_drops_and_counts_samples_of_a_track_up_to_its_next_keyframe()
    {
        var queue = new SampleQueue();
        for (var i = 0; i < SampleQueue.Capacity; i++)
        {
            queue.Write(Sample(Video, i, i == 0));
        }

        queue.Write(Sample(Video, 2000, true));
        queue.Dropped.ShouldBe(1);
        for (var i = 0; i < 10; i++)
        {
            queue.Reader.TryRead(out _).ShouldBeTrue();
        }

        queue.Write(Sample(Video, 2001, false));
        queue.Dropped.ShouldBe(2);
        queue.Write(Sample(Audio, 2001, true));
        queue.Write(Sample(Video, 2002, true));
        queue.Write(Sample(Video, 2003, false));
        queue.Dropped.ShouldBe(2);
        queue.Written.ShouldBe(SampleQueue.Capacity + 3);
    }

    [Fact]
    public void Queue_of_large_samples_reaches_its_byte_limit_before_its_sample_limit()
    {
        var queue = new SampleQueue();
        var large = new byte[8 * 1024 * 1024];
        for (var i = 0; i < 8; i++)
        {
            queue.Write(Sample(Video, i, true, large));
        }

        queue.Write(Sample(Video, 8, true));
        queue.Dropped.ShouldBe(1);
        queue.Reader.TryRead(out _);
        queue.Write(Sample(Video, 9, true));
        queue.Dropped.ShouldBe(1);
    }

    [Fact]
    public void Queue_accounting_stays_correct_during_many_rounds()
    {
        var queue = new SampleQueue();
        var random = new Random(5);
        for (var i = 0; i < 20_000; i++)
        {
            queue.Write(Sample(Audio, i, true, new byte[random.Next(1, 400_000)]));
            while (queue.Reader.Count > random.Next(100))
            {
                queue.Reader.TryRead(out _);
            }
        }

        queue.Dropped.ShouldBe(0);
    }

    private static MediaSample Sample(Track track, long time, bool sync, byte[]? payload = null) =>
        new(track, new MediaTime(time, track.Timescale), new MediaTime(time, track.Timescale), sync, payload ?? [1], default);
}
