using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using Broadcast.Control.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Broadcast.Control.Api;

/// <summary>Extensions that describe endpoints in the OpenAPI document.</summary>
internal static class EndpointDescriptions
{
    private const string Bearer = "bearer";
    private const string Login = "login";

    /// <summary>Media type of problem details (RFC 9457).</summary>
    internal const string ProblemType = "application/problem+json";

    /// <summary>Requires a role of the token or user.</summary>
    public static RouteHandlerBuilder RequireRole(this RouteHandlerBuilder endpoint, TokenRole role) =>
        endpoint.WithMetadata(new RequiredRole(role)).ProducesProblem(401, ProblemType).ProducesProblem(403, ProblemType);

    /// <summary>
    /// Declares the request body. <see cref="RequestBody"/> reads it and lists every error. Bodies of other media types are accepted by
    /// routing, so that authorization runs first and errors are problem details. The document lists JSON only.
    /// </summary>
    public static RouteHandlerBuilder AcceptsBody<T>(this RouteHandlerBuilder endpoint)
        where T : notnull =>
        endpoint.Accepts<T>("application/json", ExampleWriter.AnyType).ProducesProblem(400, ProblemType).ProducesProblem(413, ProblemType)
        .ProducesProblem(415, ProblemType);

    /// <summary>Sets name, summary and responses.</summary>
    public static RouteHandlerBuilder Describe<T>(this RouteHandlerBuilder endpoint, string name, string summary, int success = 200,
        params int[] problems) =>
        endpoint.Produces<T>(success).Describe(name, summary, 0, problems);

    /// <summary>Sets name, summary and responses; the success response has no body.</summary>
    public static RouteHandlerBuilder Describe(this RouteHandlerBuilder endpoint, string name, string summary, int success,
        params int[] problems)
    {
        if (success != 0)
        {
            endpoint.Produces(success);
        }

        // Every endpoint is rate limited, except those that encoders call.
        foreach (var status in problems.Append(429).Distinct())
        {
            endpoint.ProducesProblem(status, ProblemType);
        }

        return endpoint.ProducesProblem(503, ProblemType).WithName(name).WithSummary(summary);
    }

    /// <summary>Declares a paged list (<see cref="Paging"/>).</summary>
    /// <param name="endpoint">Endpoint of the list.</param>
    /// <param name="member">Query parameter that selects the next page.</param>
    /// <param name="maxRows">Maximum number of rows per page.</param>
    public static RouteHandlerBuilder Paged(this RouteHandlerBuilder endpoint, string member, int maxRows) =>
        endpoint.AddOpenApiOperationTransformer((operation, _, _) =>
    {
        AddResponseHeader(operation, "200", "Link",
            $"URL of the next page as '<…>; rel=\"next\"' (RFC 8288), when the page is full. Use its '{member}' unchanged. A page has at "
            + $"most 'limit' rows, 1 to {maxRows}.");
        return Task.CompletedTask;
    });

    /// <summary>Declares the entity tag of a response (<see cref="ETags"/>).</summary>
    /// <param name="endpoint">Endpoint that reads the resource.</param>
    /// <param name="supportsNotModified">Whether the endpoint answers 304 when the client has the current version.</param>
    public static RouteHandlerBuilder WithETag(this RouteHandlerBuilder endpoint, bool supportsNotModified = false)
    {
        if (supportsNotModified)
        {
            endpoint.Produces(304);
        }

        return endpoint.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            AddResponseHeader(operation, "200", "ETag", "Entity tag of the resource, for 'If-Match' of a change"
                + (supportsNotModified ? " and 'If-None-Match' of the next read." : "."));
            if (supportsNotModified)
            {
                AddRequestHeader(operation, "If-None-Match", "Entity tag of the version you have; 304 if it is current.");
            }

            return Task.CompletedTask;
        });
    }

    /// <summary>Declares a change that is conditional if the request has <c>If-Match</c> (<see cref="ETags"/>).</summary>
    /// <param name="endpoint">Endpoint of the change.</param>
    /// <param name="success">Status of the response that carries the new entity tag; 0 for none.</param>
    public static RouteHandlerBuilder WithIfMatch(this RouteHandlerBuilder endpoint, int success = 0) =>
        endpoint.ProducesProblem(412, ProblemType).AddOpenApiOperationTransformer((operation, _, _) =>
        {
            AddRequestHeader(operation, "If-Match",
                "The 'ETag' that you read. If the resource changed since, nothing is changed and the answer is 412. Without this header "
                + "the change is unconditional.");
            if (success != 0)
            {
                AddResponseHeader(operation, success.ToString(CultureInfo.InvariantCulture), "ETag", "The new entity tag.");
            }

            return Task.CompletedTask;
        });

    /// <summary>Adds a request header to an operation.</summary>
    internal static void AddRequestHeader(OpenApiOperation operation, string header, string description)
    {
        operation.Parameters ??= new List<IOpenApiParameter>();
        operation.Parameters.Add(new OpenApiParameter { Name = header, In = ParameterLocation.Header, Description = description,
            Schema = new OpenApiSchema { Type = JsonSchemaType.String } });
    }

    private static void AddResponseHeader(OpenApiOperation operation, string status, string header, string description)
    {
        if (operation.Responses?.TryGetValue(status, out var found) == true && found is OpenApiResponse response)
        {
            response.Headers ??= new Dictionary<string, IOpenApiHeader>(StringComparer.Ordinal);
            response.Headers[header] = new OpenApiHeader { Description = description,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
        }
    }

    /// <summary>Configures the document.</summary>
    public static void Configure(OpenApiOptions options)
    {
        var optional = new ConcurrentDictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        options.AddSchemaTransformer((schema, context, _) =>
        {
            // The API sends and expects JSON numbers. Strings that JSON readers also accept are not part of the contract.
            if (schema.Type is { } type && type.HasFlag(JsonSchemaType.String)
                && (type.HasFlag(JsonSchemaType.Integer) || type.HasFlag(JsonSchemaType.Number)))
            {
                (schema.Type, schema.Pattern) = (type & ~JsonSchemaType.String, null);
            }

            if (context.JsonTypeInfo.Kind == JsonTypeInfoKind.Object)
            {
                optional[context.JsonTypeInfo.Type.Name] = [.. context.JsonTypeInfo.Properties.Where(p => p.IsGetNullable)
                    .Select(p => p.Name)];
            }

            return Task.CompletedTask;
        });
        options.AddDocumentTransformer((document, _, _) =>
        {
            // The same for every host name, because the document is generated once.
            document.Servers = [new OpenApiServer { Url = "/" }];

            // Responses always contain all members. In requests, nullable members may be omitted.
            var bodies = document.Paths.Values.SelectMany(p => p.Operations?.Values.AsEnumerable() ?? [])
                .SelectMany(o => o.RequestBody?.Content?.Values.AsEnumerable() ?? [])
                .Select(c => c.Schema).OfType<OpenApiSchemaReference>().Select(r => r.Reference.Id).OfType<string>()
                .Distinct(StringComparer.Ordinal);
            foreach (var body in bodies)
            {
                if (document.Components?.Schemas?.TryGetValue(body, out var schema) == true)
                {
                    schema.Required?.ExceptWith(optional.GetValueOrDefault(body) ?? []);
                }
            }

            return Task.CompletedTask;
        });
        options.ShouldInclude = endpoint => endpoint.RelativePath?.StartsWith("api/v1/", StringComparison.Ordinal) == true;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new() { Title = "Broadcast", Version = "v1",
                Description = "Channels, stream keys, sessions, recordings, users and tokens. Errors are problem details (RFC 9457)." };
            document.Components ??= new();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal);
            document.Components.SecuritySchemes[Bearer] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = Bearer,
                Description = "A token created by 'broadcast token create' or POST /api/v1/tokens.",
            };
            document.Components.SecuritySchemes[Login] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey,
                In = ParameterLocation.Cookie,
                Name = LoginCookie.Secure,
                Description =
                    "The cookie that POST /api/v1/login sets; over plain HTTP its name lacks '__Host-'. Methods other than GET also "
                    + "require 'Sec-Fetch-Site' or 'Origin' to show that a page of this server sent the request.",
            };
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            if (context.Description.ActionDescriptor.EndpointMetadata.OfType<RequiredRole>().FirstOrDefault() is { } required)
            {
                operation.Security =
                [
                    new() { [new OpenApiSecuritySchemeReference(Bearer, context.Document)] = [] },
                    new() { [new OpenApiSecuritySchemeReference(Login, context.Document)] = [] },
                ];
                var scope = Scopes.Of(context.Description.HttpMethod ?? "GET",
                    context.Description.RelativePath is { } path ? "/" + path : "");
                operation.Description = $"Requires role {TokenRoles.Name(required.Role)} or higher."
                    + (Scopes.Names.Contains(scope, StringComparer.Ordinal) ? $" Scope {scope}." : "");
            }

            if (context.Description.ActionDescriptor.EndpointMetadata.OfType<RateLimitExempt>().Any())
            {
                operation.Responses?.Remove("429");
            }

            AddResponseHeader(operation, "429", "Retry-After", "Seconds to wait, if known.");
            AddResponseHeader(operation, "503", "Retry-After", "Seconds to wait.");
            ExampleWriter.Write(operation, context);
            return Task.CompletedTask;
        });
    }
}
