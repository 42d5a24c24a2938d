using System.IO.Compression;
using System.Text;
using Broadcast.Origin.Delivery;

namespace Broadcast.Origin.Tests.Delivery;

public class DocumentTests
{
    private static byte[] Text(int length) => Encoding.UTF8
        .GetBytes(string.Concat(Enumerable.Range(0, (length / 10) + 1).Select(i => $"line {i % 9999:0000}\n"))[..length]);

    [Theory]
    [InlineData(1000)]
    [InlineData(Document.ShortText)]
    [InlineData(Document.ShortText + 1)]
    [InlineData(3_000_000)]
    public async Task Each_content_coding_has_its_own_ETag_and_decodes_to_the_same_text(int length)
    {
        var document = new Document(Text(length), ContentTypes.Hls);
        var codings = Enum.GetValues<ContentCoding>();
        codings.Select(document.TagIn).Distinct().Count().ShouldBe(codings.Length);
        foreach (var coding in codings)
        {
            using var bytes = new MemoryStream(await document.InAsync(coding));
            using Stream plain = coding switch
            {
                ContentCoding.Brotli => new BrotliStream(bytes, CompressionMode.Decompress),
                ContentCoding.Gzip => new GZipStream(bytes, CompressionMode.Decompress),
                _ => bytes,
            };
            using var read = new MemoryStream();
            await plain.CopyToAsync(read);
            read.ToArray().ShouldBe(document.Plain);
            (await document.InAsync(coding)).ShouldBeSameAs(await document.InAsync(coding));
        }
    }

    [Fact]
    public async Task Compressing_a_long_text_blocks_no_thread_and_short_texts_do_not_wait()
    {
        var (text, other) = (new Document(Text(Document.ShortText + 1), ContentTypes.Hls), new Document(Text(1000), ContentTypes.Hls));
        var turns = Document.CompressionSlots.CurrentCount;
        for (var i = 0; i < turns; i++)
        {
            await Document.CompressionSlots.WaitAsync();
        }

        List<Task<byte[]>> asked;
        try
        {
            // A blocked thread would not return here.
            asked = [.. Enumerable.Range(0, 100).Select(_ => text.InAsync(ContentCoding.Brotli).AsTask())];
            asked.ShouldAllBe(task => !task.IsCompleted);
            other.InAsync(ContentCoding.Brotli).IsCompletedSuccessfully.ShouldBeTrue();
            using var gone = new CancellationTokenSource();
            var leaves = text.InAsync(ContentCoding.Brotli, gone.Token).AsTask();
            await gone.CancelAsync();
            await leaves.ShouldThrowAsync<OperationCanceledException>();
        }
        finally
        {
            Document.CompressionSlots.Release(turns);
        }

        (await Task.WhenAll(asked)).Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Concurrent_requests_for_a_long_document_share_one_rendering_that_is_not_cached_afterwards()
    {
        var (cell, rendered, gate) = (new CachedLongDocument(), 0, new TaskCompletionSource());
        var asked = Enumerable.Range(0, 20).Select(_ => cell.GetAsync(1, RenderAsync, default).AsTask()).ToList();
        gate.SetResult();
        var document = (await Task.WhenAll(asked)).Distinct().ShouldHaveSingleItem();
        rendered.ShouldBe(1);
        (await cell.GetAsync(1, RenderAsync, default)).ShouldBeSameAs(document, "somebody still sends it");
        GC.KeepAlive(document);
        (await cell.GetAsync(2, RenderAsync, default)).ShouldNotBeSameAs(document, "it is another version");
        rendered.ShouldBe(2);

        async Task<Document?> RenderAsync()
        {
            await gate.Task;
            rendered++;
            return new Document(new byte[CachedLongDocument.MaxCachedLength + 1], ContentTypes.Hls);
        }
    }

    [Fact]
    public async Task Unused_long_document_is_garbage_collected()
    {
        var cell = new CachedLongDocument();
        var document = await AskAsync();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        document.IsAlive.ShouldBeFalse();

        async Task<WeakReference> AskAsync() => new(await cell.GetAsync(1,
            () => Task.FromResult<Document?>(new Document(new byte[CachedLongDocument.MaxCachedLength + 1], ContentTypes.Hls)), default));
    }

    [Fact]
    public async Task Short_document_is_cached_and_a_cancelled_request_does_not_cancel_the_rendering()
    {
        var (cell, rendered, gate) = (new CachedLongDocument(), 0, new TaskCompletionSource());
        using var gone = new CancellationTokenSource();
        var first = cell.GetAsync(1, RenderAsync, gone.Token).AsTask();
        var second = cell.GetAsync(1, RenderAsync, gone.Token).AsTask();
        await gone.CancelAsync();
        await second.ShouldThrowAsync<OperationCanceledException>();
        gate.SetResult();
        (await first).ShouldNotBeNull("what is begun is of use to others");
        (await cell.GetAsync(1, RenderAsync, default)).ShouldBeSameAs(await first);
        rendered.ShouldBe(1);

        async Task<Document?> RenderAsync()
        {
            await gate.Task;
            rendered++;
            return new Document(new byte[100], ContentTypes.Hls);
        }
    }
}
