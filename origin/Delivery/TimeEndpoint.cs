using System.Text;
using Broadcast.Origin.Dash;
using Microsoft.AspNetCore.Http;

namespace Broadcast.Origin.Delivery;

/// <summary>Endpoint <c>/time</c>: the clock of DASH players.</summary>
internal sealed class TimeEndpoint(TimeProvider time)
{
    /// <summary>Responds with the time, for <c>urn:mpeg:dash:utc:http-iso:2014</c> (ISO/IEC 23009-1, 5.8.4.11).</summary>
    public async Task HandleAsync(HttpContext context)
    {
        Responses.Prepare(context);
        if (Responses.TryAnswerMethod(context))
        {
            return;
        }

        var text = Encoding.ASCII.GetBytes(MpdText.Instant(time.GetUtcNow()));
        context.Response.Headers.CacheControl = "no-store";
        context.Response.ContentType = ContentTypes.Text;
        context.Response.ContentLength = text.Length;
        if (HttpMethods.IsGet(context.Request.Method))
        {
            await context.Response.BodyWriter.WriteAsync(text, context.RequestAborted);
        }
    }
}
