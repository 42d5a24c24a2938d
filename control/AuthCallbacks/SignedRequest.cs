using System.Globalization;
using System.Net.Http.Headers;

namespace Broadcast.Control.AuthCallbacks;

/// <summary>HTTP requests of auth callbacks and the review webhook.</summary>
internal static class SignedRequest
{
    /// <summary>Creates a POST request.</summary>
    /// <param name="url">URL of the receiver.</param>
    /// <param name="type">Media type of the body.</param>
    /// <param name="body">The body.</param>
    /// <param name="signature">Key of the signature, id of the message and current time; <see langword="null"/> for no signature.</param>
    public static HttpRequestMessage Create(string url, string type, byte[] body, (byte[] Key, string Id, DateTimeOffset At)? signature)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("Broadcast", null));
        if (signature is var (key, id, at))
        {
            request.Headers.Add(WebhookSignature.IdHeader, id);
            request.Headers.Add(WebhookSignature.TimestampHeader, at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
            request.Headers.Add(WebhookSignature.SignatureHeader, WebhookSignature.Of(key, id, at, body));
        }

        return request;
    }
}
