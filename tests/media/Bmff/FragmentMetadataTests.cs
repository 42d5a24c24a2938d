using Broadcast.Media.Bmff;
using Broadcast.Media.Codecs;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Bmff;

/// <summary>CMAF chunks read without their payloads.</summary>
public sealed class FragmentMetadataTests
{
    private static readonly FragmentSample[] Frames =
        [new(3000, 900, true, 6000), new(3000, 100, false, 15_000), new(3001, 90, false, -3000)];

    private static byte[] Segment(int chunks)
    {
        var writer = new FragmentWriter();
        using var bytes = new MemoryStream();
        for (uint i = 0; i < chunks; i++)
        {
            bytes.Write(writer.Write(
                new FragmentHeader(i, i * 9001, i == 0 ? SegmentTypeBox.Segment : SegmentTypeBox.None,
                    i == 1 ? new ProducerReferenceTime(0, DateTimeOffset.UnixEpoch) : null), Frames));
            bytes.Write(new byte[Frames.Sum(sample => sample.Size)]);
        }

        return bytes.ToArray();
    }

    [Fact]
    public void Fragment_metadata_equals_that_of_a_full_read()
    {
        var segment = Segment(4);
        var whole = FragmentReader.ReadAll(segment, out _);
        var heads = MovieSource.Heads(segment);
        heads.Select(head => (head.BaseDecodeTime, head.DataOffset, head.PayloadLength, head.End))
            .ShouldBe(whole.Select(chunk => (chunk.BaseDecodeTime, (long)chunk.DataOffset, 1090, (long)chunk.Offset + chunk.Length)));
        heads.ShouldAllBe(head => head.Samples.SequenceEqual(Frames));
    }

    [Fact]
    public void Too_few_bytes_request_as_many_more_as_needed_to_advance()
    {
        var segment = Segment(2);
        var data = (int)MovieSource.Heads(segment)[0].DataOffset;
        for (var have = 0; have < data + 20; have++)
        {
            FragmentMetadata.TryRead(segment.AsSpan(0, have), 0, out _, out var needed).ShouldBe(have >= data, $"{have} bytes of {data}");
            needed.ShouldBeInRange(have >= data ? 0 : have + 1, data + 8);
        }
    }

    [Fact]
    public void Malformed_chunks_are_rejected_or_need_more_bytes_and_nothing_else()
    {
        byte[][] seeds = [Segment(1), Segment(2)[1300..]];
        for (var seed = 0; seed < 20_000; seed++)
        {
            var bytes = Mutation.Of(seeds, new Random(seed));
            try
            {
                if (FragmentMetadata.TryRead(bytes, 77, out var head, out var needed))
                {
                    head.Samples.Count.ShouldBeGreaterThan(0);
                    head.DataOffset.ShouldBeInRange(77, head.End);
                    (head.DataOffset + head.PayloadLength).ShouldBeLessThanOrEqualTo(head.End);
                    head.Samples.Sum(sample => (long)sample.Size).ShouldBe(head.PayloadLength);
                }
                else
                {
                    needed.ShouldBeInRange(bytes.Length + 1, FragmentMetadata.MaxLength + 16, $"seed {seed}");
                }
            }
            catch (InvalidBmffException)
            {
                // Rejected with a reason.
            }
        }
    }

    [Fact]
    public void Malformed_init_segments_are_rejected_with_the_expected_exception()
    {
        byte[][] seeds = [InitSegmentWriter.Write(new Track(2, CodecConfig.Aac.Parse([0x11, 0x90]), 48_000, "de-CH"))];
        var good = 0;
        for (var seed = 0; seed < 5000; seed++)
        {
            try
            {
                MovieTrackSetup.Read(Mutation.Of(seeds, new Random(seed))).Timescale.ShouldBeGreaterThan(0);
                good++;
            }
            catch (InvalidBmffException)
            {
                // Rejected with a reason.
            }
        }

        good.ShouldBeInRange(1, 4999);
    }
}
