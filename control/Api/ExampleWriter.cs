using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;
using JsonOptions = Microsoft.AspNetCore.Http.Json.JsonOptions;

namespace Broadcast.Control.Api;

/// <summary>Adds examples (<see cref="Examples"/>) of requests, responses and problems to the OpenAPI document.</summary>
internal static class ExampleWriter
{
    /// <summary>Media type for bodies that are not JSON; see <see cref="EndpointDescriptions.AcceptsBody"/>.</summary>
    public const string AnyType = "*/*";

    private const string Json = "application/json";

    /// <summary>Adds examples to an operation.</summary>
    public static void Write(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var options = context.ApplicationServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        if (operation.RequestBody is OpenApiRequestBody { Content: { } requestContent })
        {
            requestContent.Remove(AnyType);
            if (requestContent.TryGetValue(Json, out var body)
                && metadata.OfType<IAcceptsMetadata>().LastOrDefault()?.RequestType is { } type)
            {
                body.Example = NodeOf(Examples.Of(type), new(options) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull });
            }
        }

        foreach (var (status, responseSpec) in operation.Responses ?? [])
        {
            if (responseSpec is not OpenApiResponse { Content: { } content }
                || !int.TryParse(status, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                continue;
            }

            var type = metadata.OfType<IProducesResponseTypeMetadata>()
                .LastOrDefault(p => p.StatusCode == number && p.Type is not null && p.Type != typeof(void))?.Type;
            foreach (var (mediaType, response) in content)
            {
                response.Example = mediaType == EndpointDescriptions.ProblemType ? NodeOf(ProblemOf(number), options)
                    : mediaType == Json && type is not null ? NodeOf(Examples.Of(type), options)
                    : Examples.OfText(mediaType) is { } text ? JsonValue.Create(text) : null;
            }
        }
    }

    /// <summary>Creates an example problem the way the API creates real ones.</summary>
    internal static ProblemDetails ProblemOf(int status)
    {
        var problem = ApiAuthorization.Problem(status, Examples.ProblemDetail(status)).ProblemDetails;
        if (status == 400)
        {
            problem.Extensions["errors"] = new Dictionary<string,
                string[]>(StringComparer.Ordinal) { ["limit"] = ["A limit is 1 to 200."] };
        }

        return problem;
    }

    private static JsonNode? NodeOf(object? example, JsonSerializerOptions options) =>
        example is null ? null : JsonSerializer.SerializeToNode(example, example.GetType(), options);
}
