using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;

namespace Broadcast.Control.Api;

/// <summary>
/// Generated serializers of long lists. They write a response with less CPU time than those that the framework builds at run time, with the
/// same names and formats, and the response is sent at once instead of in parts.
/// </summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(List<EventView>))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    /// <summary>Creates the response for a list of events.</summary>
    public static IResult Ok(List<EventView> events) =>
        TypedResults.Bytes(JsonSerializer.SerializeToUtf8Bytes(events, Default.ListEventView), "application/json; charset=utf-8");
}
