using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Transcoder.Encoders;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Encoders;

public class GopBufferTests
{
    private static readonly Track Frame =
        new(1,
            CodecConfig.Avc
            .Parse(Convert.FromHexString("0164000DFFE1001A6764000DACD941419F9F0110000003001000000303C0F142996001000668EBE3CB22C0FDF8F800")),
            MediaTime.VideoTimescale);
    private readonly GopBuffer _recent = new();

    [Fact]
    public void Nothing_is_buffered_before_a_sync_sample()
    {
        _recent.Add(At(0, isSync: false));
        _recent.Count.ShouldBe(0);
        _recent.Add(At(1, isSync: true));
        _recent.Add(At(2, isSync: false));
        _recent.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData(8.0, 6.0)]
    [InlineData(6.0, 6.0)]
    [InlineData(5.9, 4.0)]
    [InlineData(1.0, 2.0)]
    public void Worker_gets_all_frames_from_the_sync_sample_before_the_first_missing_one(double missing, double first)
    {
        Keep(seconds: 7.5, group: 2);
        var frames = _recent.From((long)(missing * MediaTime.VideoTimescale));
        frames[0].Present.TotalSeconds.ShouldBe(first);
        frames[0].IsSync.ShouldBeTrue();
        frames[^1].Present.TotalSeconds.ShouldBe(7.4, 0.01);
    }

    [Fact]
    public void Old_GOPs_are_discarded()
    {
        Keep(seconds: 100, group: 0.5);
        _recent.Count.ShouldBeInRange(40, 46);
    }

    [Fact]
    public void Overlong_GOP_is_not_buffered_and_the_next_one_is()
    {
        for (var i = 0; i <= GopBuffer.MaxFrames; i++)
        {
            _recent.Add(At(i / 1000.0, isSync: i == 0));
        }

        _recent.Count.ShouldBe(0);
        _recent.Add(At(5, isSync: true));
        _recent.Count.ShouldBe(1);
    }

    [Fact]
    public void Buffer_never_exceeds_its_byte_limit()
    {
        for (var i = 0; i < 20; i++)
        {
            _recent.Add(At(i / 10.0, isSync: i % 3 == 0) with { Payload = new byte[GopBuffer.MaxBytes / 8] });
            _recent.Count.ShouldBeLessThanOrEqualTo(8);
        }

        _recent.From(0)[0].IsSync.ShouldBeTrue();
    }

    /// <summary>Ten frames per second.</summary>
    private void Keep(double seconds, double group)
    {
        var each = (int)(group * 10);
        for (var i = 0; i < (int)(seconds * 10); i++)
        {
            _recent.Add(At(i / 10.0, i % each == 0));
        }
    }

    private static MediaSample At(double seconds, bool isSync)
    {
        var time = new MediaTime((long)Math.Round(seconds * MediaTime.VideoTimescale), MediaTime.VideoTimescale);
        return new MediaSample(Frame, time, time, isSync, new byte[10], DateTimeOffset.UnixEpoch);
    }
}
