# Compiles each program of FOLDER. Its first line says what must happen:
#   // expect error: <text that the compiler's output must contain>
#   // expect success
file(GLOB programs ${FOLDER}/*.cc)
list(LENGTH programs count)
if(count LESS 2)
  message(FATAL_ERROR "no programs in ${FOLDER}")
endif()
foreach(program IN LISTS programs)
  file(STRINGS ${program} first_line LIMIT_COUNT 1)
  execute_process(
    COMMAND ${COMPILER} -std=c++20 -fsyntax-only -fmessage-length=0 -I${INCLUDE} ${program}
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(first_line STREQUAL "// expect success")
    if(NOT result EQUAL 0)
      message(SEND_ERROR "${program} must compile:\n${output}")
    endif()
  elseif(first_line MATCHES "^// expect error: (.+)$")
    string(FIND "${output}" "${CMAKE_MATCH_1}" position)
    if(result EQUAL 0)
      message(SEND_ERROR "${program} compiles and must not")
    elseif(position EQUAL -1)
      message(SEND_ERROR "${program}: no \"${CMAKE_MATCH_1}\" in:\n${output}")
    endif()
  else()
    message(SEND_ERROR "${program}: its first line says nothing")
  endif()
endforeach()
