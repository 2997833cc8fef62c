#include "remote/http_post.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <new>

#include "w2s/base.h"

namespace w2s::remote {
namespace {

struct FreeEasy {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;
using Headers = std::unique_ptr<curl_slist, FreeList>;

// 128 embeddings of width 4096 take 12 MB as decimal numbers.
constexpr std::size_t longest_body = std::size_t{1} << 30U;
constexpr curl_off_t a_year = curl_off_t{365} * 24 * 3600;  // what lies beyond would overflow in milliseconds

Easy new_easy() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  Easy handle(curl_easy_init());
  if (!handle) throw Error(ErrorKind::network, "libcurl cannot be started");
  return handle;
}

void append(Headers& headers, const std::string& header) {
  curl_slist* longer = curl_slist_append(headers.get(), header.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  if (!headers) headers.reset(longer);  // a list that was there keeps its first element
}

// Exceptions must not pass through libcurl, which is C: a short count makes it give up.
std::size_t receive(char* bytes, std::size_t size, std::size_t count, void* body) noexcept {
  try {
    auto& text = *static_cast<std::string*>(body);
    if (text.size() + size * count > longest_body) return 0;
    text.append(bytes, size * count);
    return size * count;
  } catch (const std::bad_alloc&) {
    return 0;
  }
}

int stop_if_asked(void* stop, curl_off_t /*to_receive*/, curl_off_t /*received*/, curl_off_t /*to_send*/,
                  curl_off_t /*sent*/) noexcept {
  return static_cast<const std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

bool may_pass(CURLcode code) {
  switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_WRITE_ERROR:
      return false;
    default:
      return true;
  }
}

}  // namespace

struct HttpPost::State {
  Easy easy = new_easy();
  Headers headers;
  std::array<char, CURL_ERROR_SIZE> reason{};

  template <typename Value>
  void set(CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(easy.get(), option, value);
    if (code != CURLE_OK)
      throw Error(ErrorKind::network, fmt::format("libcurl refuses an option: {}", curl_easy_strerror(code)));
  }

  [[nodiscard]] HttpAnswer answer(std::string body) const {
    long status = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_off_t seconds = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RETRY_AFTER, &seconds);
    HttpAnswer answer{.status = static_cast<int>(status), .body = std::move(body), .retry_after = {}};
    if (seconds > 0) answer.retry_after = std::chrono::seconds(std::min<curl_off_t>(seconds, a_year));
    return answer;
  }
};

HttpPost::HttpPost(const std::string& url, const std::string& bearer_token, const HttpTimeouts& timeouts)
    : state_(std::make_unique<State>()) {
  append(state_->headers, "Content-Type: application/json");
  append(state_->headers, "Accept: application/json");
  append(state_->headers, "Expect:");  // curl would wait a second for "100 Continue" before a large body
  if (!bearer_token.empty()) append(state_->headers, "Authorization: Bearer " + bearer_token);

  state_->set(CURLOPT_URL, url.c_str());
  state_->set(CURLOPT_HTTPHEADER, state_->headers.get());
  state_->set(CURLOPT_PROTOCOLS_STR, "http,https");
  state_->set(CURLOPT_USERAGENT, "w2s");
  state_->set(CURLOPT_ACCEPT_ENCODING, "");  // whatever compression this libcurl reads
  state_->set(CURLOPT_NOSIGNAL, 1L);         // other threads may be at work
  state_->set(CURLOPT_NOPROGRESS, 0L);
  state_->set(CURLOPT_XFERINFOFUNCTION, &stop_if_asked);
  state_->set(CURLOPT_WRITEFUNCTION, &receive);
  state_->set(CURLOPT_ERRORBUFFER, state_->reason.data());
  state_->set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(timeouts.connect.count()));
  state_->set(CURLOPT_TIMEOUT_MS, static_cast<long>(timeouts.whole.count()));
}

HttpPost::~HttpPost() = default;

HttpResult HttpPost::send(const std::string& json, const std::stop_token& stop) {
  std::string body;
  state_->reason.front() = '\0';
  state_->set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(json.size()));
  state_->set(CURLOPT_POSTFIELDS, json.c_str());
  state_->set(CURLOPT_WRITEDATA, &body);
  state_->set(CURLOPT_XFERINFODATA, &stop);
  const CURLcode code = curl_easy_perform(state_->easy.get());
  if (code == CURLE_OK) return {.answer = state_->answer(std::move(body)), .failure = {}};
  if (code == CURLE_ABORTED_BY_CALLBACK) throw Error(ErrorKind::interrupted, "interrupted; what was finished is kept");
  const char* detail = state_->reason.front() != '\0' ? state_->reason.data() : curl_easy_strerror(code);
  return {.answer = {}, .failure = {.reason = detail, .may_pass = may_pass(code)}};
}

}  // namespace w2s::remote
