using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;

namespace Broadcast.Control.Api;

/// <summary>
/// Source-generated serializers for long lists. They need less CPU time than reflection-based ones and produce the same JSON. The
/// response is sent with its length, in pieces.
/// </summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(List<EventView>))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    /// <summary>Creates the response for a list of events.</summary>
    public static IResult Ok(List<EventView> events) =>
        new PiecewiseResponse(JsonSerializer.SerializeToUtf8Bytes(events, Default.ListEventView), "application/json; charset=utf-8");
}
