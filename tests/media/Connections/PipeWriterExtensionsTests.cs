using System.Buffers;
using System.IO.Pipelines;
using Broadcast.Media.Connections;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Connections;

/// <summary>Writing of response bodies in pieces.</summary>
public sealed class PipeWriterExtensionsTests
{
    private static readonly byte[] Body =
        [.. Enumerable.Range(0, (3 * PipeWriterExtensions.PieceLength) + 100).Select(i => (byte)(i % 251))];

    [Fact]
    public async Task Stalled_reader_holds_one_piece_and_then_gets_all_bytes_in_order()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1, useSynchronizationContext: false));
        var writing = pipe.Writer.WritePiecesAsync(Body, default).AsTask();
        var received = new List<byte>();
        while (received.Count < Body.Length)
        {
            var read = await pipe.Reader.ReadAsync();
            read.Buffer.Length.ShouldBeLessThanOrEqualTo(PipeWriterExtensions.PieceLength);
            writing.IsCompleted.ShouldBeFalse("the writer waits for the reader");
            received.AddRange(read.Buffer.ToArray());
            pipe.Reader.AdvanceTo(read.Buffer.End);
        }

        await writing;
        received.ToArray().ShouldBe(Body);
    }

    [Fact]
    public async Task Writing_ends_when_the_reader_ends()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1, useSynchronizationContext: false));
        var writing = pipe.Writer.WritePiecesAsync(Body, default).AsTask();
        await pipe.Reader.CompleteAsync();
        await writing;
        pipe.Writer.UnflushedBytes.ShouldBe(0);
    }
}
