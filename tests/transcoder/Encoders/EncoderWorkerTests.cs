using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Nut;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Encoders;

public sealed class EncoderWorkerTests : IDisposable
{
    private readonly EncodingHarness _bench = new();

    [Fact]
    public async Task Frames_queued_for_a_process_that_does_not_read_are_limited_in_bytes()
    {
        var program = await _bench.ProgramAsync("exec sleep 1000");
        var frame = (await CodedFrames.MakeAsync(1, "320x180", 30))[0];
        var job = new EncoderJob(SourceHeader.Of(frame)!, RungOutput.Offset, 1, (_, _) => [], AnnexBConverter.ConfigurationOf);
        await using var worker = new EncoderWorker(program, job, (int _, CodecConfig _, in NutFrame _) => { });
        var large = frame with { Payload = new byte[8 << 20] };

        var accepted = 0;
        while (accepted < 100 && worker.TryOffer(large))
        {
            accepted++;
        }

        accepted.ShouldBe(8, "64 MiB");
    }

    public void Dispose() => _bench.Dispose();
}
