using Broadcast.Host.Pages;
using Broadcast.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

/// <summary>Sending of pages and assets.</summary>
public sealed class WebPageTests
{
    [Fact]
    public async Task Large_asset_is_written_in_pieces_of_at_most_64_KiB()
    {
        var asset = new byte[600_000];
        new Random(1).NextBytes(asset);
        using var received = new MemoryStream();
        var context = new DefaultHttpContext();
        var body = new RecordedBody(new StreamResponseBodyFeature(received));
        context.Features.Set<IHttpResponseBodyFeature>(body);
        context.Request.Method = HttpMethods.Get;

        await WebPage.Of(asset, "font/woff2").SendAsync(context, "no-cache");

        body.Pieces.Max().ShouldBeLessThanOrEqualTo(64 * 1024);
        body.Pieces.Sum().ShouldBe(asset.Length);
        received.ToArray().ShouldBe(asset);
    }
}
